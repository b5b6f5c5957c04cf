import { canonicalJson, type ImageHistory, parseReference, withDefaultTag } from "../../oci/index.ts";
import { RbuildError, systemClock } from "../../system/index.ts";
import type { Image } from "../images/image.ts";
import { withLease } from "../store/lease.ts";
import type { Builder, BuildOptions, BuildReport } from "./builder.ts";
import { BuildCache } from "./cache/build-cache.ts";
import { contextDirectory, receiveContext } from "./context/receive-context.ts";
import type { BuilderParts, BuildRun } from "./execute/build-run.ts";
import { executeStage } from "./execute/execute-stage.ts";
import { squash } from "./execute/squash.ts";
import { defaultsOf, type StageState } from "./execute/stage-state.ts";
import { openWorkspace, sweepBuilds } from "./execute/workspace.ts";
import { parseDockerfile } from "./parse/parse.ts";
import { PREDEFINED_ARGUMENTS } from "./plan/global-arguments.ts";
import { planBuild } from "./plan/plan.ts";

/** The Dockerfile builder of an engine. `sweep` removes what killed builds have left, `pruneCache` forgets steps whose layers were collected. */
export function createBuilder(parts: BuilderParts): Builder & { sweep(): Promise<void>; pruneCache(): Promise<void> } {
  return {
    build: async (options, report = () => {}) =>
      await withLease(parts.root, () => build(parts, options, report), options.signal ? { signal: options.signal } : {}),
    sweep: () => sweepBuilds(parts),
    pruneCache: () => new BuildCache(parts.root, parts.content).prune(),
  };
}

async function build(parts: BuilderParts, options: BuildOptions, report: BuildReport): Promise<Image> {
  const references = (options.references ?? []).map((text) => withDefaultTag(parseReference(text)));
  await using workspace = await openWorkspace(parts);
  const context = await receiveContext(options.context, contextDirectory(workspace.directory), options);
  const dockerfile = parseDockerfile(context.dockerfile, options.dockerfile ?? "Dockerfile");
  for (const { line, message } of dockerfile.warnings) await report({ kind: "warning", message: `${dockerfile.file}:${line}: ${message}` });
  const { epoch, buildArgs } = timeOf(options);
  const plan = planBuild(dockerfile, { buildArgs, ...(options.target === undefined ? {} : { target: options.target }) });
  const clock = parts.clock ?? systemClock;
  const now = () => (epoch === undefined ? clock.now().toISOString() : secondsText(epoch));
  const cache = new BuildCache(parts.root, parts.content);
  const run: BuildRun = { parts, options, buildArgs, epoch, plan, cache, workspace, context: context.directory, report, done: new Map(), now };
  const counter = { current: 0, total: plan.needed.reduce((sum, { instructions }) => sum + instructions.length + 1, 0) };
  let result: StageState | undefined;
  for (const stage of plan.needed) {
    result = await executeStage(run, stage, counter);
    if (options.squash) result = await squash(run, result);
    run.done.set(stage.index, result);
  }
  if (!result) throw new RbuildError("build.no-stage", "the Dockerfile has no stage to build");
  await warnOfUnused(run);
  return await store(parts, labelled(result, options.labels ?? {}, now()), references);
}

/** SOURCE_DATE_EPOCH is the option, or the build argument; either way it is an argument that ARG can declare. */
function timeOf(options: BuildOptions): { readonly epoch: number | undefined; readonly buildArgs: Readonly<Record<string, string>> } {
  const given = options.buildArgs?.["SOURCE_DATE_EPOCH"];
  if (given !== undefined && !/^\d{1,11}$/.test(given)) {
    throw new RbuildError("build.invalid-epoch", `SOURCE_DATE_EPOCH must be seconds since 1970, not ${JSON.stringify(given)}`, { category: "invalid" });
  }
  const epoch = options.sourceDateEpoch ?? (given === undefined ? undefined : Number(given));
  return { epoch, buildArgs: { ...options.buildArgs, ...(epoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(epoch) }) } };
}

const secondsText = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

/** `--label` as one more LABEL at the end. */
function labelled(state: StageState, labels: Readonly<Record<string, string>>, created: string): StageState {
  if (Object.keys(labels).length === 0) return state;
  const history: ImageHistory = { created, created_by: `LABEL ${canonicalJson(labels)}`, empty_layer: true };
  const defaults = defaultsOf(state);
  const config = {
    ...state.config,
    created,
    config: { ...defaults, Labels: { ...defaults.Labels, ...labels } },
    history: [...(state.config.history ?? []), history],
  };
  return { ...state, config };
}

async function warnOfUnused(run: BuildRun): Promise<void> {
  const declared = new Set([...run.plan.globals.keys(), ...[...run.done.values()].flatMap(({ args }) => [...args.keys()])]);
  const unused = Object.keys(run.buildArgs).filter((name) => !declared.has(name) && !PREDEFINED_ARGUMENTS.has(name) && name !== "SOURCE_DATE_EPOCH");
  if (unused.length > 0) await run.report({ kind: "warning", message: `no ARG takes the build arguments ${unused.toSorted().join(", ")}` });
}

async function store(parts: BuilderParts, { config, layers }: StageState, references: readonly ReturnType<typeof parseReference>[]): Promise<Image> {
  const image = await parts.images.create({ config, layers });
  for (const reference of references) await parts.images.tag(image.manifestDescriptor, reference);
  return references.length === 0 ? image : await parts.images.get(image.id);
}
