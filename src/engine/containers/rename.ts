import type { ContainerId } from "./container.ts";
import { type ContainerContext, publishContainer } from "./container-context.ts";

/** @throws RbuildError `container.bad-name`, `container.name-in-use` */
export async function renameContainer(context: ContainerContext, id: ContainerId, newName: string): Promise<void> {
  const name = newName.replace(/^\//, "");
  await using _held = await context.store.lock(id);
  const { record, status } = await context.store.get(id);
  if (status.name === name) return;
  await context.store.names.claim(name, id);
  await context.store.writeStatus(id, { ...status, name });
  await context.store.names.release(status.name, id);
  if (status.phase.kind === "running") await context.network.rename(id, name);
  publishContainer(context, "rename", record, { name }, { oldName: `/${status.name}` });
}
