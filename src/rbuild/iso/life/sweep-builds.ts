import { rm } from "node:fs/promises";
import { removeContainer } from "../../container-host/container.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { asked } from "../../container-host/host-error.ts";
import { LABELS } from "../../container-host/labels.ts";
import { finishExport } from "../export/finish-export.ts";
import type { BuildId } from "./build-id.ts";
import { forDeadBuilds } from "./build-record.ts";

/**
 * Removes whatever builds that died have left: containers, half-made output. An export that had begun is completed, so
 * that the output is of one build. Costs a directory listing when there is nothing.
 * @returns how many builds it tidied up after
 */
export async function sweepBuilds({
  containerHost,
  stateDirectory,
}: {
  readonly containerHost: ContainerHost;
  readonly stateDirectory: string;
}): Promise<number> {
  return await forDeadBuilds(stateDirectory, async (id, record) => {
    await removeBuildContainers(containerHost, id);
    if (!record) return;
    await finishExport(record.staging);
    await rm(record.staging, { recursive: true, force: true });
  });
}

/** Removes all containers of a build, running or not. */
export async function removeBuildContainers(host: ContainerHost, id: BuildId): Promise<void> {
  const filters = { label: [`${LABELS.build}=${id}`] };
  const found = await asked(
    "list the containers of a build",
    host.listContainers({ all: true, filters: JSON.stringify(filters) as unknown as typeof filters }),
  );
  for (const { Id } of found) await removeContainer(host.getContainer(Id));
}
