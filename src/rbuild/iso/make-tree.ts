import { rm } from "node:fs/promises";
import { join } from "node:path";
import { withStep } from "../../make-runner/index.ts";
import { isRbuildError, systemClock } from "../../system/index.ts";
import { buildTimeout } from "./build-timeout.ts";
import { handOver } from "./container/hand-over.ts";
import { openBuildLog } from "./export/build-log.ts";
import { exportFailedLog, makeStaging, type Staging } from "./export/export-build.ts";
import type { IsoDependencies, IsoOptions } from "./iso.ts";
import { type BuildId, newBuildId } from "./life/build-id.ts";
import { openBuildRecord } from "./life/build-record.ts";
import { keepBuild } from "./life/keep-build.ts";
import { explainRequests } from "./locked/explain-requests.ts";
import { type Project, preflight } from "./preflight/preflight.ts";
import { type PreparedBuild, prepareBuild } from "./prepare-build.ts";
import { type BuildContainer, runBuild, withTraces } from "./run-build.ts";

/** A tree whose target was made: what it gave is in the staging directory, and its container is gone. */
export interface MadeTree {
  readonly project: Project;
  readonly prepared: PreparedBuild;
  readonly staging: Staging;
  readonly startedAt: Date;
  readonly signal: AbortSignal;
  /** Leaves the log of what failed afterwards in the output, and says where. */
  readonly leaveLog: (error: unknown) => Promise<unknown>;
}

/**
 * Everything of a build from the preflight to make's end. `cleanUp` undoes it.
 * @throws RbuildError codes `iso.*`, `image.*`, `lock.*`, `pool.*`, `make.*`, `proxy.*`, `container-host.*`, or the signal's reason
 */
export async function makeTree(
  options: IsoOptions,
  dependencies: IsoDependencies,
  { cleanUp, purpose }: { readonly cleanUp: AsyncDisposableStack; readonly purpose: "build" | "record" },
): Promise<MadeTree> {
  const { report, stateDirectory, clock = systemClock } = dependencies;
  const startedAt = clock.now();
  const project = await withStep(report, { name: "preflight" }, () => preflight(options, { ...dependencies, clock }, purpose));
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
  return { project, prepared, staging, startedAt, signal, leaveLog: (error) => leaveLog(error, { project, staging }) };
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
    const reason = coded?.code.startsWith("make.") ? await explainRequests(coded, project.supply, prepared.requests) : error;
    throw await leaveLog(reason, { project, staging, keptBuild });
  }
  await made?.container[Symbol.asyncDispose]();
  await handOver(dependencies.containerHost, prepared.plan);
}

async function leaveLog(
  error: unknown,
  { project, staging, keptBuild }: { readonly project: Project; readonly staging: Staging; readonly keptBuild?: string | undefined },
): Promise<unknown> {
  const logPath = await exportFailedLog(staging, project.output.path, project.owner);
  return isRbuildError(error) ? withTraces(error, { logPath, keptBuild }) : error;
}
