import { platformText } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { Image } from "../../images/image.ts";
import { stepKey } from "../cache/build-cache.ts";
import { readInstruction } from "../instructions/read-instruction.ts";
import { parseDockerfile } from "../parse/parse.ts";
import { expandIn } from "../plan/expand.ts";
import type { Stage, StageInstruction } from "../plan/plan.ts";
import type { BuildRun } from "./build-run.ts";
import { executeStep } from "./execute-step.ts";
import { defaultsOf, emptyState, imageIdOf, type StageState, stateOfImage, stateOfStage } from "./stage-state.ts";

/** Numbers steps over all stages, from 1. */
export interface StepCounter {
  total: number;
  current: number;
}

/** Executes a stage's instructions, those its base has stored for this moment (ONBUILD) first. */
export async function executeStage(run: BuildRun, stage: Stage, counter: StepCounter): Promise<StageState> {
  const base = await baseOf(run, stage);
  const index = ++counter.current;
  await run.report({ kind: "step.started", index, total: counter.total, instruction: stage.from.text });
  const { triggers, state: start } = takeTriggers(run, base);
  counter.total += triggers.length;
  await run.report({ kind: "step.finished", index, imageId: imageIdOf(base) });
  // Times are part of what a step makes.
  let state: StageState = { ...start, key: stepKey(start.key, { epoch: run.epoch ?? null }) };
  for (const instruction of [...triggers, ...stage.instructions]) {
    run.options.signal?.throwIfAborted();
    const step = ++counter.current;
    await run.report({ kind: "step.started", index: step, total: counter.total, instruction: instruction.text });
    const executed = await executeStep(run, state, stage.index, instruction, step);
    state = executed.state;
    await run.report({ kind: executed.isCached ? "step.cached" : "step.finished", index: step, imageId: imageIdOf(state) });
  }
  return state;
}

async function baseOf(run: BuildRun, stage: Stage): Promise<StageState> {
  switch (stage.base.kind) {
    case "scratch":
      return emptyState();
    case "stage": {
      const done = run.done.get(stage.base.index);
      if (!done) throw new RbuildError("build.stage-order", `the stage ${stage.base.index} is not done before ${stage.index}`);
      return stateOfStage(done);
    }
    case "image": {
      const image = await run.parts.images.get(stage.base.reference);
      checkPlatform(run, stage, image);
      return stateOfImage(image);
    }
    default:
      return stage.base satisfies never;
  }
}

/** @throws RbuildError `build.platform-mismatch` */
function checkPlatform(run: BuildRun, { from, base }: Stage, image: Image): void {
  if (from.platform === undefined) return;
  const { file, escape, globals } = run.plan;
  const wanted = expandIn(from.platform, { file, escape, instruction: from, lookup: (name) => globals.get(name) });
  const found = platformText(image.platform);
  if (wanted === found || wanted === `${image.platform.os}/${image.platform.architecture}`) return;
  throw new RbuildError("build.platform-mismatch", `${file}:${from.line}: the image is for ${found}, not ${wanted}`, {
    category: "invalid",
    hint: "load the image of that platform",
    details: { base, wanted, found },
  });
}

function takeTriggers(run: BuildRun, base: StageState): { readonly triggers: readonly StageInstruction[]; readonly state: StageState } {
  const { OnBuild, ...defaults } = defaultsOf(base);
  if (!OnBuild?.length) return { triggers: [], state: base };
  const file = "ONBUILD";
  const triggers = OnBuild.flatMap((text) =>
    parseDockerfile(text, file).instructions.flatMap((node) => {
      const instruction = readInstruction(node, { file, escape: run.plan.escape });
      return instruction.kind === "from" ? [] : [instruction];
    }),
  );
  return { triggers, state: { ...base, config: { ...base.config, config: defaults } } };
}
