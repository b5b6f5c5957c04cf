import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { prepareLayout, storeLayout } from "../store/layout.ts";
import { overlayFlavor } from "./overlay-flavor.ts";
import { OverlaySnapshotter } from "./overlay-snapshotter.ts";
import type { Snapshotter } from "./snapshotter.ts";
import { sweepStaging } from "./staging.ts";

export interface OverlaySnapshotterOptions {
  /** The engine's root; snapshots are in `snapshots` below it. */
  readonly root: string;
  /** See to it that the disk takes committed snapshots, and make those again that it may not have had in a power cut; default true. */
  readonly sync?: boolean;
  /**
   * Mount active snapshots so that nothing written to them is waited for, not even where a program asks with fsync(2): much quicker, and
   * lost in a power cut. Right for containers that end with their process; default false.
   */
  readonly volatile?: boolean;
}

/** Opens the snapshots, making their directory, and removes what dead processes left half made. @throws RbuildError `store.not-writable` */
export async function openOverlaySnapshotter(options: OverlaySnapshotterOptions): Promise<Snapshotter> {
  const layout = storeLayout(options.root);
  await prepareLayout(layout);
  await sweepStaging(layout);
  const empty = join(layout.snapshots, ".empty");
  mkdirSync(empty, { recursive: true });
  const snapshotter = new OverlaySnapshotter(layout, { sync: options.sync ?? true, volatile: options.volatile ?? false, empty, flavor: overlayFlavor() });
  await snapshotter.removeUntrusted();
  return snapshotter;
}
