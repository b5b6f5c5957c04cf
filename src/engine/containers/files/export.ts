import { readdirSync } from "node:fs";
import { O_PATH, openPath } from "../../../system/kernel/open-in-root.ts";
import type { ContainerId } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import { mountRootfs } from "../rootfs/mount-rootfs.ts";
import { packTree } from "./pack-tree.ts";

/** `docker export`: the whole root file system as a tar, without what is mounted in it. */
export async function* exportRootfs(context: ContainerContext, id: ContainerId): AsyncGenerator<Uint8Array, void, undefined> {
  const rootfs = await (async () => {
    await using _held = await context.store.lock(id);
    await context.store.get(id);
    return await mountRootfs(context, id);
  })();
  using root = openPath(rootfs, O_PATH);
  const names = readdirSync(`${root.path}/.`, { encoding: "buffer" }).sort((a, b) => Buffer.compare(a, b));
  const list = Buffer.concat(names.flatMap((name) => [name, Buffer.alloc(1)]));
  yield* packTree(root, ["--one-file-system", "--sparse", "--null", "--verbatim-files-from", "--files-from=-"], list);
}
