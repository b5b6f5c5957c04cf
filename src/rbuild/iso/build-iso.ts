import { rm } from "node:fs/promises";
import { join } from "node:path";
import { withStep } from "../../make-runner/index.ts";
import { isRbuildError, systemClock } from "../../system/index.ts";
import { buildTimeout } from "./build-timeout.ts";
import { handOver } from "./container/hand-over.ts";
import { openBuildLog } from "./export/build-log.ts";
import { type ExportPlan, exportBuild, exportFailedLog, makeStaging, type Staging } from "./export/export-build.ts";
import { CHECKSUMS_FILE, LOG_FILE, MANIFEST_FILE } from "./export/finish-export.ts";
import { type ManifestFacts, manifestText, objections } from "./export/manifest.ts";
import type { BuildIso, IsoDependencies, IsoOptions, IsoResult } from "./iso.ts";
import { type BuildId, newBuildId } from "./life/build-id.ts";
import { openBuildRecord } from "./life/build-record.ts";
import { keepBuild } from "./life/keep-build.ts";
import { sweepBuilds } from "./life/sweep-builds.ts";
import { type Project, preflight } from "./preflight/preflight.ts";
import { type PreparedBuild, prepareBuild } from "./prepare-build.ts";
import { proxyText } from "./proxy/choose-proxy.ts";
import { type BuildContainer, runBuild, withTraces } from "./run-build.ts";
import { hostFacts, rbuildVersion } from "./tool-versions.ts";

/**
 * The main job: builds a Git tree's target in a container of the pinned builder image and brings the artifacts out.
 * docs/build-flow.md tells the steps. Whatever happens, nothing of the build is left but what `keep` asks for.
 * @throws RbuildError codes `iso.*`, `image.*`, `make.*`, `proxy.*`, `container-host.*`, or the signal's reason
 */
export const buildIso: BuildIso = async (options, dependencies) => {
  for (const path of await sweepBuilds(dependencies)) {
    const message = `what a build that died has left in ${path} belongs to root`;
    dependencies.report({ kind: "warning.raised", code: "iso.not-cleaned-up", message, hint: `sudo rm -r ${path}` });
  }
  const cleanUp = new AsyncDisposableStack();
  let failure: { readonly error: unknown } | undefined;
  let result: IsoResult | undefined;
  try {
    result = await build(options, dependencies, cleanUp);
  } catch (error) {
    failure = { error };
  }
  try {
    await withStep(dependencies.report, { name: "clean-up" }, () => cleanUp.disposeAsync());
  } catch (error) {
    failure ??= { error };
    const message = error instanceof Error ? error.message : String(error);
    dependencies.report({ kind: "warning.raised", code: "iso.not-cleaned-up", message, hint: "the next rbuild command tries again" });
  }
  if (failure) throw failure.error;
  return result as IsoResult;
};

async function build(options: IsoOptions, dependencies: IsoDependencies, cleanUp: AsyncDisposableStack): Promise<IsoResult> {
  const { report, stateDirectory, clock = systemClock } = dependencies;
  const startedAt = clock.now();
  const project = await withStep(report, { name: "preflight" }, () => preflight(options, { ...dependencies, clock }));
  cleanUp.use(project);
  const { signal } = cleanUp.use(buildTimeout(project.config.timeout, options.signal));

  const id = newBuildId();
  const { directory, output } = project;
  const record = { id, directory, pid: process.pid, startedAt: startedAt.toISOString(), staging: join(output.path, `.rbuild-${id}`) };
  cleanUp.use(await openBuildRecord(stateDirectory, record));
  cleanUp.defer(() => rm(record.staging, { recursive: true, force: true }));
  const staging = await makeStaging(output.path, id);

  const prepared = await prepareBuild({ id, project, staging }, options, dependencies, { signal, cleanUp });
  await make({ id, project, staging, prepared }, options, dependencies, { signal, cleanUp });

  const host = { ...(await hostFacts(dependencies.containerHost)), startedAt: startedAt.toISOString(), mirror: valueOf(prepared, "RBUILD_MIRROR") };
  const tools = { rbuild: await rbuildVersion(), make: prepared.probe.make };
  const plan: ExportPlan = {
    staging,
    output: output.path,
    owner: project.owner,
    patterns: project.config.artifacts,
    manifest: (found) => manifestText({ ...manifestFacts(project, prepared), ...found, tools, host: { ...host, finishedAt: clock.now().toISOString() } }),
    signal,
  };
  const artifacts = await exportBuild(plan, report).catch(async (error: unknown) => {
    throw await leaveLog(error, { project, staging });
  });
  const reasons = objections(project.git, prepared.images);
  const [manifestPath, logPath, checksumsPath] = [MANIFEST_FILE, LOG_FILE, CHECKSUMS_FILE].map((name) => join(output.path, name)) as [string, string, string];
  return { artifacts, manifestPath, logPath, checksumsPath, publishable: reasons.length === 0, reasons };
}

/** Runs make and removes its container. A failure leaves its log in the output and, when asked to, the container as an image. */
async function make(
  { id, project, staging, prepared }: { readonly id: BuildId; readonly project: Project; readonly staging: Staging; readonly prepared: PreparedBuild },
  options: IsoOptions,
  dependencies: IsoDependencies,
  { signal, cleanUp }: { readonly signal: AbortSignal; readonly cleanUp: AsyncDisposableStack },
): Promise<void> {
  let made: BuildContainer | undefined;
  try {
    await using log = await openBuildLog(staging.logPath);
    const onContainer = (container: BuildContainer) => {
      made = container;
      cleanUp.use(container.container);
    };
    const { makefile, target } = project;
    await runBuild({ plan: prepared.plan, makefile, target, database: prepared.probe.database }, { ...dependencies, log }, { signal, onContainer });
  } catch (error) {
    // What stays root's could not be removed later; the failure that matters is the first one.
    await handOver(dependencies.containerHost, prepared.plan).catch(() => {});
    const coded = isRbuildError(error) ? error : undefined;
    let keptBuild: string | undefined;
    if (options.keep && made && coded?.code.startsWith("make.")) {
      const failed = { id, container: made.container, plan: made.plan, project, staging, error: coded };
      keptBuild = (await keepBuild(failed, { stateDirectory: dependencies.stateDirectory, now: (dependencies.clock ?? systemClock).now() })).id;
    }
    throw await leaveLog(error, { project, staging, keptBuild });
  }
  await made?.container[Symbol.asyncDispose]();
  await handOver(dependencies.containerHost, prepared.plan);
}

/** Leaves the log of what failed in the output, and says where. */
async function leaveLog(
  error: unknown,
  { project, staging, keptBuild }: { readonly project: Project; readonly staging: Staging; readonly keptBuild?: string | undefined },
): Promise<unknown> {
  const logPath = await exportFailedLog(staging, project.output.path, project.owner);
  return isRbuildError(error) ? withTraces(error, { logPath, keptBuild }) : error;
}

function manifestFacts(project: Project, prepared: PreparedBuild): Omit<ManifestFacts, "artifacts" | "log" | "systemPackages" | "tools" | "host"> {
  const { git, directoryInTree, config, target, scratchMemory } = project;
  return {
    git,
    directory: directoryInTree,
    config,
    target,
    images: prepared.images,
    proxy: proxyText(prepared.proxy),
    isRam: scratchMemory !== undefined,
    builderPackages: prepared.probe.packages,
  };
}

function valueOf({ plan }: PreparedBuild, name: string): string | undefined {
  return plan.environment.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1);
}
