import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openPath } from "../../../system/kernel/open-in-root.ts";
import { BUNDLE } from "../../runtime/monitor/conmon.ts";
import type { ContainerContext } from "../container-context.ts";
import { endProcesses } from "../exit/end-processes.ts";
import { isMounted } from "../rootfs/mount-rootfs.ts";
import { removeMountStubs } from "../rootfs/mount-stubs.ts";
import type { MountStub } from "../state/container-record.ts";
import type { StoredContainer } from "../state/container-store.ts";

/** Undoes whatever a failed start has done. The container is as it was before, its attachments end. */
export async function abandonStart(context: ContainerContext, { record, status }: StoredContainer, stubs: readonly MountStub[]): Promise<void> {
  const { id } = record;
  const paths = context.store.paths(id);
  context.exits.forget(id);
  await endProcesses(context, id);
  await context.network.detach(id);
  await Promise.all([rm(paths.exitFile, { force: true }), rm(join(paths.bundle, BUNDLE.config), { force: true })]);
  if (isMounted(paths.rootfs)) {
    using root = openPath(paths.rootfs);
    removeMountStubs(root, stubs);
  }
  context.pending.end(id);
  await context.store.writeStatus(id, status);
}
