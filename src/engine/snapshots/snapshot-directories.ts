import { join } from "node:path";
import { RbuildError } from "../../system/index.ts";
import type { StoreLayout } from "../store/layout.ts";
import type { SnapshotKey } from "./snapshotter.ts";

/** The directory of one snapshot. */
export interface SnapshotDirectory {
  readonly path: string;
  readonly record: string;
  /** The layer's own files: a lower directory of overlayfs, or the upper one of an active snapshot. */
  readonly files: string;
  readonly work: string;
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/;

/** @throws RbuildError `snapshot.invalid-key` */
export function snapshotDirectory(layout: StoreLayout, key: SnapshotKey): SnapshotDirectory {
  if (!KEY.test(key)) throw new RbuildError("snapshot.invalid-key", `${JSON.stringify(key)} cannot be the name of a snapshot`, { category: "invalid" });
  // A colon separates the lower directories in overlayfs's options.
  return directoryAt(join(layout.snapshots, key.replaceAll(":", "+")));
}

export function directoryAt(path: string): SnapshotDirectory {
  return { path, record: join(path, "snapshot.json"), files: join(path, "fs"), work: join(path, "work") };
}

/** The key that a directory's name stands for, or undefined when it is none of ours. */
export function keyOfName(name: string): SnapshotKey | undefined {
  const key = name.replaceAll("+", ":");
  return KEY.test(key) ? (key as SnapshotKey) : undefined;
}
