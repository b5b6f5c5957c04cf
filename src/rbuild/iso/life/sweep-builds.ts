import { rm } from "node:fs/promises";
import { isSystemError } from "../../../system/index.ts";
import { removeContainer } from "../../container-host/container.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { asked } from "../../container-host/host-error.ts";
import { LABELS } from "../../container-host/labels.ts";
import { finishExport } from "../export/finish-export.ts";
import { archiveDirectory } from "../locked/archive-places.ts";
import { isBuildId } from "./build-id.ts";
import { forDeadBuilds, isBuildAlive } from "./build-record.ts";

/**
 * Removes whatever builds that died have left: containers, laid out archives, half-made output. An export that had begun is completed, so
 * that the output is of one build. Costs a directory listing and one question to the host when there is nothing.
 * @returns directories that this user may not remove: those of builds whose files belong to root
 */
export async function sweepBuilds({
  containerHost,
  stateDirectory,
}: {
  readonly containerHost: ContainerHost;
  readonly stateDirectory: string;
}): Promise<readonly string[]> {
  await sweepContainers(containerHost, stateDirectory);
  const left: string[] = [];
  await forDeadBuilds(stateDirectory, async (id, record) => {
    await rm(archiveDirectory(stateDirectory, id), { recursive: true, force: true });
    if (record?.staging === undefined) return;
    try {
      await finishExport(record.staging);
      await rm(record.staging, { recursive: true, force: true });
    } catch (error) {
      if (!isSystemError(error, "EACCES", "EPERM")) throw error;
      left.push(record.staging);
    }
  });
  return left;
}

/** A container's record is there before it and goes after it: one without a living record is left over, whenever the host finished making it. */
async function sweepContainers(host: ContainerHost, stateDirectory: string): Promise<void> {
  const filters = JSON.stringify({ label: [`${LABELS.state}=${stateDirectory}`] });
  for (const { Id, Labels } of await asked("list the containers of builds", host.listContainers({ all: true, filters }))) {
    const id = Labels[LABELS.build] ?? "";
    if (!isBuildId(id) || !(await isBuildAlive(stateDirectory, id))) await removeContainer(host.getContainer(Id));
  }
}
