import type { ContainerInfo, Engine, Image, SnapshotKey } from "../engine/index.ts";
import type { ContainerSizes } from "./translate/answer/container-inspect.ts";

/** Bytes a container's writable layer takes, and those of its whole root. A container's snapshot is named by its id. */
export async function containerSizes(engine: Engine, info: ContainerInfo, image: Image | undefined): Promise<ContainerSizes> {
  const rw = await engine.snapshots.usage(info.id as string as SnapshotKey).catch(() => 0);
  return { rw, rootfs: rw + (image?.size ?? 0) };
}

/** The images of a list by id. */
export async function imagesById(engine: Engine): Promise<ReadonlyMap<string, Image>> {
  return new Map((await engine.images.list()).map((image) => [image.id, image]));
}
