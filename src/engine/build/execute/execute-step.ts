import { canonicalJson, type ImageHistory, type JsonValue } from "../../../oci/index.ts";
import { type StepKey, stepKey } from "../cache/build-cache.ts";
import type { StageInstruction } from "../plan/plan.ts";
import { type BuildRun, type StepResult, signalOf } from "./build-run.ts";
import { absolutePath, changeConfig } from "./change-config.ts";
import { copyKey, copyStep, withCopy } from "./copy-step.ts";
import { declareArgs } from "./declare-args.ts";
import { runKey, runStep } from "./run-step.ts";
import { defaultsOf, type StageState, withStep } from "./stage-state.ts";
import { expander } from "./step-scope.ts";
import { workdirStep } from "./workdir-step.ts";
import { uncompressedLayer } from "./writable-layer.ts";

export interface ExecutedStep {
  readonly state: StageState;
  readonly isCached: boolean;
}

/** One instruction: from the cache where all it depends on is the same, else done. */
export async function executeStep(run: BuildRun, state: StageState, stage: number, instruction: StageInstruction, index: number): Promise<ExecutedStep> {
  const finish = (changed: StageState, depends: JsonValue, work: () => Promise<StepResult>) => throughCache(run, changed, instruction, depends, work);
  switch (instruction.kind) {
    case "run":
      return await finish(state, runKey(state, instruction), () => runStep(run, state, instruction, index));
    case "copy":
    case "add":
      return await withCopy(run, state, stage, instruction, async (copy) => await finish(state, await copyKey(run, copy), () => copyStep(run, state, copy)));
    case "workdir": {
      const path = absolutePath(state, expander(run.plan, state, instruction)(instruction.path));
      const changed = { ...state, config: { ...state.config, config: { ...defaultsOf(state), WorkingDir: path } } };
      return await finish(changed, { workdir: path }, () => workdirStep(run, state, path));
    }
    case "arg":
      return await finish(declareArgs(run.plan, state, instruction, run.buildArgs), { arg: instruction.text }, async () => ({}));
    default: {
      const changed = changeConfig(run.plan, state, instruction);
      const config = { author: changed.config.author ?? "", config: JSON.parse(canonicalJson(defaultsOf(changed))) as JsonValue };
      return await finish(changed, config, async () => ({}));
    }
  }
}

async function throughCache(
  run: BuildRun,
  changed: StageState,
  instruction: StageInstruction,
  depends: JsonValue,
  work: () => Promise<StepResult>,
): Promise<ExecutedStep> {
  const key = stepKey(changed.key, depends);
  const cached = run.options.noCache ? undefined : await run.cache.find(key, signalOf(run));
  if (cached) {
    const layer = cached.layer && uncompressedLayer(cached.layer.digest, cached.layer.size);
    return { state: withStep(changed, key, history(instruction, cached.created), layer), isCached: true };
  }
  const { layer } = await work();
  const created = run.now();
  await remember(run, key, created, layer);
  return { state: withStep(changed, key, history(instruction, created), layer), isCached: false };
}

async function remember(run: BuildRun, key: StepKey, created: string, layer: StepResult["layer"]): Promise<void> {
  await run.cache.put(key, { created, ...(layer === undefined ? {} : { layer: { digest: layer.digest, size: layer.size } }) });
}

const history = (instruction: StageInstruction, created: string): ImageHistory => ({ created, created_by: instruction.text });
