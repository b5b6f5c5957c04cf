import { join } from "node:path";
import { systemClock } from "../../system/index.ts";
import { type ExportPlan, exportBuild } from "./export/export-build.ts";
import { CHECKSUMS_FILE, LOG_FILE, MANIFEST_FILE } from "./export/finish-export.ts";
import { type ManifestFacts, manifestText, objections } from "./export/manifest.ts";
import type { BuildIso, IsoDependencies, IsoOptions, IsoResult } from "./iso.ts";
import { cleanly } from "./life/cleanly.ts";
import { makeTree } from "./make-tree.ts";
import type { Project } from "./preflight/preflight.ts";
import type { PreparedBuild } from "./prepare-build.ts";
import { proxyText } from "./proxy/choose-proxy.ts";
import { hostFacts, rbuildVersion } from "./tool-versions.ts";

/**
 * The main job: builds a Git tree's target in a container of the pinned builder image and brings the artifacts out.
 * docs/build-flow.md tells the steps. Whatever happens, nothing of the build is left but what `keep` asks for.
 * @throws RbuildError codes `iso.*`, `image.*`, `lock.*`, `pool.*`, `make.*`, `proxy.*`, `container-host.*`, or the signal's reason
 */
export const buildIso: BuildIso = (options, dependencies) => cleanly(dependencies, (cleanUp) => build(options, dependencies, cleanUp));

async function build(options: IsoOptions, dependencies: IsoDependencies, cleanUp: AsyncDisposableStack): Promise<IsoResult> {
  const { report, clock = systemClock } = dependencies;
  const { project, prepared, staging, startedAt, signal, leaveLog } = await makeTree(options, dependencies, { cleanUp, purpose: "build" });
  const { output } = project;

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
    throw await leaveLog(error);
  });
  const reasons = objections(project.git, prepared.images, project.supply);
  const [manifestPath, logPath, checksumsPath] = [MANIFEST_FILE, LOG_FILE, CHECKSUMS_FILE].map((name) => join(output.path, name)) as [string, string, string];
  return { artifacts, manifestPath, logPath, checksumsPath, publishable: reasons.length === 0, reasons };
}

function manifestFacts(project: Project, prepared: PreparedBuild): Omit<ManifestFacts, "artifacts" | "log" | "systemPackages" | "tools" | "host"> {
  const { git, directoryInTree, config, target, scratchMemory, supply } = project;
  return {
    git,
    directory: directoryInTree,
    config,
    target,
    supply,
    images: prepared.images,
    network: prepared.plan.proxy?.kind === "shared" ? "loopback" : prepared.plan.network,
    proxy: proxyText(prepared.proxy),
    isRam: scratchMemory !== undefined,
    builderPackages: prepared.probe.packages,
  };
}

function valueOf({ plan }: PreparedBuild, name: string): string | undefined {
  return plan.environment.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1);
}
