import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { RbuildError } from "../../../system/index.ts";
import type { CreatedContainer } from "../../container-host/container.ts";
import { asked } from "../../container-host/host-error.ts";
import type { ContainerPlan } from "../container/build-container.ts";
import type { Staging } from "../export/export-build.ts";
import type { Project } from "../preflight/preflight.ts";
import { lockedUrl } from "../proxy/proxy-container.ts";
import type { BuildId } from "./build-id.ts";
import { type KeptBuild, keptReference, recordKeptBuild } from "./kept-builds.ts";

/**
 * Keeps the file system of a failed build's container as an image, so that it outlives this process and its engine, and
 * what it had written to /output.
 */
export async function keepBuild(
  failed: {
    readonly id: BuildId;
    readonly container: CreatedContainer;
    readonly plan: ContainerPlan;
    readonly project: Project;
    readonly staging: Staging;
    readonly error: RbuildError;
  },
  { stateDirectory, now }: { readonly stateDirectory: string; readonly now: Date },
): Promise<KeptBuild> {
  const { id, container, plan, project, staging, error } = failed;
  const { repository, tag } = keptReference(id);
  const committed = (await asked("keep the build's container", container.container.commit({ repo: repository, tag }))) as { readonly Id: string };
  const output = join(project.output.path, `.rbuild-kept-${id}`);
  await rename(staging.artifacts, output);
  const kept: KeptBuild = {
    id,
    directory: project.directory,
    target: project.target,
    makefile: project.makefile,
    keptAt: now.toISOString(),
    failure: { code: error.code, message: error.message },
    imageId: committed.Id,
    reference: `${repository}:${tag}`,
    output,
    // The proxy ends with the build, and with it the archives that it alone has.
    environment: plan.environment.filter((variable) => !variable.startsWith("http_proxy=") && !variable.includes(`=${lockedUrl("")}`)),
    capabilities: [...plan.capabilities],
    devices: [...plan.devices],
    network: plan.network,
    submodules: [...project.submodules],
    ...(project.output.insideTree === undefined ? {} : { outputInTree: project.output.insideTree }),
  };
  await recordKeptBuild(stateDirectory, kept);
  return kept;
}
