import { openDirContentStore } from "../../src/engine/content/dir-content-store.ts";
import { openImageStore } from "../../src/engine/images/open-image-store.ts";
import type { ContentStore, ImageStore, Snapshotter } from "../../src/engine/index.ts";
import { openOverlaySnapshotter } from "../../src/engine/snapshots/open-overlay-snapshotter.ts";
import type { ImageId } from "../../src/oci/index.ts";
import { scratchDirectory } from "./scratch.ts";

export interface TestStore {
  readonly root: string;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly images: ImageStore;
  /** Images that a container was made from, for tests to fill. */
  readonly inUse: Set<ImageId>;
}

/** The store of an engine in a directory of its own, without waiting for the disk. */
export async function openTestStore(at?: string): Promise<TestStore> {
  const root = at ?? (await scratchDirectory());
  const content = await openDirContentStore({ root, sync: false });
  const snapshots = await openOverlaySnapshotter({ root, sync: false });
  const inUse = new Set<ImageId>();
  const images = await openImageStore({
    root,
    content,
    snapshots,
    sync: false,
    inUse: async () => inUse,
    clock: { now: () => new Date("2020-02-02T02:02:02Z") },
  });
  return { root, content, snapshots, images, inUse };
}
