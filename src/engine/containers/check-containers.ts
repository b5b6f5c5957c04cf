import { join } from "node:path";
import { isRbuildError } from "../../system/index.ts";
import type { FsckReport } from "../engine.ts";
import { readMountinfo } from "../runtime/host/mountinfo.ts";
import { snapshotKey } from "../snapshots/snapshotter.ts";
import type { ContainerContext } from "./container-context.ts";
import { isContainerId, type StoredContainer } from "./state/container-store.ts";

type Finding = FsckReport["findings"][number];

const SWEEP = "rbuild engine gc";

/** Looks at every container's record, snapshot, name and mounts. Changes nothing. */
export async function checkContainers(context: ContainerContext): Promise<FsckReport> {
  const findings: Finding[] = [];
  const ids = await context.store.ids();
  for (const id of ids) {
    const stored = await context.store.read(id).catch((error: unknown) => {
      if (!isRbuildError(error)) throw error;
      findings.push({ code: error.code, object: id, message: error.message, hint: error.hint ?? SWEEP });
      return undefined;
    });
    if (stored && stored.status.phase.kind !== "removing") findings.push(...(await checkParts(context, stored)));
  }
  const mounts = ownMounts(context);
  for (const path of mounts) {
    const id = path.slice(join(context.runRoot, "containers").length + 1).split("/")[0] ?? "";
    if (isContainerId(id) && ids.includes(id)) continue;
    findings.push({
      code: "container.leftover-mount",
      object: path,
      message: "something is mounted there for a container that is gone",
      hint: `umount -l ${path}`,
    });
  }
  return { checked: { containers: ids.length, mounts: mounts.length }, findings };
}

async function checkParts(context: ContainerContext, { record, status }: StoredContainer): Promise<Finding[]> {
  const hint = `remove the container ${status.name}`;
  const findings: Finding[] = [];
  if ((await context.snapshots.stat(snapshotKey(record.id))) === undefined) {
    findings.push({ code: "container.snapshot-missing", object: record.id, message: `the files of container ${status.name} are gone`, hint });
  }
  if ((await context.store.names.find(status.name)) !== record.id) {
    findings.push({ code: "container.name-lost", object: record.id, message: `the name ${status.name} does not lead to its container`, hint });
  }
  return findings;
}

function ownMounts(context: ContainerContext): string[] {
  const below = `${join(context.runRoot, "containers")}/`;
  return readMountinfo().flatMap(({ mountPoint }) => (mountPoint.startsWith(below) ? [mountPoint] : []));
}
