import { join } from "node:path";
import { systemClock } from "../../system/index.ts";
import { type CreatedContainer, createContainer } from "../container-host/container.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import { containerOptions } from "./container/build-container.ts";
import { planSourceMounts } from "./container/source-mounts.ts";
import { newBuildId } from "./life/build-id.ts";
import { openBuildRecord } from "./life/build-record.ts";
import { checkKeptImage, type KeptBuild } from "./life/kept-builds.ts";

export interface ShellOptions {
  /** Default: a shell. */
  readonly command?: readonly string[];
  /** Whether a terminal will be attached. */
  readonly tty: boolean;
}

/**
 * Makes a container in which a kept build can be looked into: the file system as the build left it, the same mounts,
 * environment, capabilities and network. Not started: attach first, then start. Disposing removes it; the kept build stays.
 * @throws RbuildError `iso.kept-image-gone`
 */
export async function createShellContainer(
  kept: KeptBuild,
  { command, tty }: ShellOptions,
  dependencies: { readonly containerHost: ContainerHost; readonly stateDirectory: string },
): Promise<CreatedContainer> {
  await checkKeptImage(kept, dependencies);
  const source = await planSourceMounts(kept.directory, {
    staging: join(dependencies.stateDirectory, "kept", `${kept.id}.mounts`),
    submodules: kept.submodules,
    output: kept.outputInTree,
  });
  const { imageId, directory: tree, environment, output, capabilities, devices, network } = kept;
  const { containerHost, stateDirectory } = dependencies;
  const buildId = newBuildId();
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.use(await openBuildRecord(stateDirectory, { id: buildId, directory: tree, pid: process.pid, startedAt: systemClock.now().toISOString() }));
  const plan = { buildId, role: "shell", tree, stateDirectory, imageId, environment, source, output, capabilities, devices, network } as const;
  const options = containerOptions({ ...plan, command: command ?? ["/bin/sh", "-c", "if [ -x /bin/bash ]; then exec /bin/bash; else exec /bin/sh; fi"] });
  const created = cleanUp.use(await createContainer(containerHost, { ...options, Tty: tty, OpenStdin: true, StdinOnce: true, AttachStdin: true }));
  const held = cleanUp.move();
  return { ...created, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
