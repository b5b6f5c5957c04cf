import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { unmount } from "../../../system/index.ts";
import type { Containers } from "../../containers/container.ts";
import type { ImageStore } from "../../images/image.ts";
import { mountsBelow } from "../../snapshots/mounted-overlays.ts";
import { type SnapshotKey, type Snapshotter, snapshotKey } from "../../snapshots/snapshotter.ts";
import { withLease } from "../../store/lease.ts";
import { createOwnedFile, sweepOwnedFiles } from "../../store/owned-file.ts";

const SUFFIX = ".lock";
/** Label of images, and so of the containers, that a build runs its steps in; its value is the build's id. */
export const BUILD_LABEL = "rbuild.build";

/** A build's own directory `<root>/builds/<id>`, its snapshots and mounts. The lock beside it is held as long as the process lives. */
export interface Workspace extends AsyncDisposable {
  readonly id: string;
  readonly directory: string;
  /** A name for one more writable snapshot. */
  readonly nextSnapshot: () => SnapshotKey;
}

export interface WorkspaceParts {
  readonly root: string;
  readonly snapshots: Snapshotter;
  readonly images: Pick<ImageStore, "list" | "remove">;
  readonly containers: Pick<Containers, "list" | "remove">;
}

const buildsDirectory = (root: string): string => join(root, "builds");
const snapshotPrefix = (id: string): string => `build-${id}-`;

export async function openWorkspace(parts: WorkspaceParts): Promise<Workspace> {
  const lock = await createOwnedFile(buildsDirectory(parts.root), SUFFIX);
  const id = basename(lock.path, SUFFIX);
  const directory = join(buildsDirectory(parts.root), id);
  let count = 0;
  await mkdir(directory, { mode: 0o700 });
  return {
    id,
    directory,
    nextSnapshot: () => snapshotKey(`${snapshotPrefix(id)}${++count}`),
    async [Symbol.asyncDispose]() {
      await discard(parts, id);
      await rm(lock.path, { force: true });
      await lock[Symbol.asyncDispose]();
    },
  };
}

/** Removes what killed builds left: containers, images, mounts, snapshots, files. Quick when there is nothing. */
export async function sweepBuilds(parts: WorkspaceParts): Promise<void> {
  await sweepOwnedFiles(buildsDirectory(parts.root), { suffix: SUFFIX, discard: (path) => discard(parts, basename(path, SUFFIX), { containers: true }) });
}

async function discard(parts: WorkspaceParts, id: string, options: { readonly containers?: boolean } = {}): Promise<void> {
  const isOf = (labels: Readonly<Record<string, string>> | null | undefined): boolean => labels?.[BUILD_LABEL] === id;
  if (options.containers) {
    for (const container of await parts.containers.list()) {
      if (isOf(container.spec.labels)) await parts.containers.remove(container.id, { force: true, volumes: true });
    }
  }
  // The lease keeps the layers: until the next garbage collection the cache can use them.
  await withLease(parts.root, async () => {
    for (const image of await parts.images.list()) if (isOf(image.config.config?.Labels)) await parts.images.remove(image.id, { force: true });
  });
  const directory = join(buildsDirectory(parts.root), id);
  for (const target of mountsBelow(directory)) unmount(target, { lazy: true });
  for (const { key } of await parts.snapshots.list()) if (key.startsWith(snapshotPrefix(id))) await parts.snapshots.remove(key);
  await rm(directory, { recursive: true, force: true });
}
