import type { ImageId } from "../../oci/index.ts";
import { type Clock, systemClock } from "../../system/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import type { Snapshotter } from "../snapshots/snapshotter.ts";
import { prepareLayout, storeLayout } from "../store/layout.ts";
import type { ImageStore } from "./image.ts";
import { ImageIndex } from "./image-index.ts";
import { LayoutImageStore } from "./layout-image-store.ts";

export interface ImageStoreOptions {
  /** The engine's root; the table of images is `image/index.json` below it. */
  readonly root: string;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  /** Images that containers were made from, and that are therefore not removed; default none. */
  readonly inUse?: () => Promise<ReadonlySet<ImageId>>;
  /** Wait until the disk has a change of the table; default true. */
  readonly sync?: boolean;
  readonly clock?: Clock;
}

/** @throws RbuildError `store.not-writable` */
export async function openImageStore(options: ImageStoreOptions): Promise<ImageStore> {
  const layout = storeLayout(options.root);
  await prepareLayout(layout);
  return new LayoutImageStore({
    root: options.root,
    index: new ImageIndex(layout, { sync: options.sync ?? true }),
    content: options.content,
    snapshots: options.snapshots,
    clock: options.clock ?? systemClock,
    inUse: options.inUse ?? (async () => new Set()),
  });
}
