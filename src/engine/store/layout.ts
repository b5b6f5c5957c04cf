import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, MEDIA_TYPE } from "../../oci/index.ts";
import { isSystemError, lock, pathExists, RbuildError, spreadDirectory, writeFileAtomic } from "../../system/index.ts";

/** Where the parts of the store are below the engine's root. */
export interface StoreLayout {
  readonly root: string;
  /** An OCI image layout: `oci-layout`, `index.json`, `blobs/sha256/`. */
  readonly image: string;
  readonly index: string;
  readonly blobs: string;
  /** Blobs that are still being written, each locked by its writer. */
  readonly ingest: string;
  /** Held shared by whoever adds content, alone by whoever collects garbage. */
  readonly lease: string;
  readonly indexLock: string;
  readonly snapshots: string;
  /** Snapshots on their way in or out; beside each directory a lock file held by who works on it. */
  readonly staging: string;
  readonly snapshotsLock: string;
}

export function storeLayout(root: string): StoreLayout {
  return {
    root,
    image: join(root, "image"),
    index: join(root, "image", "index.json"),
    blobs: join(root, "image", "blobs", "sha256"),
    ingest: join(root, "ingest"),
    lease: join(root, "leases", "content.lock"),
    indexLock: join(root, "locks", "images.lock"),
    snapshots: join(root, "snapshots"),
    staging: join(root, "snapshots", ".staging"),
    snapshotsLock: join(root, "locks", "snapshots.lock"),
  };
}

/** Makes the directories of the layout that are missing. @throws RbuildError `store.not-writable` */
export async function prepareLayout(layout: StoreLayout): Promise<void> {
  try {
    for (const path of [layout.blobs, layout.ingest, layout.staging]) mkdirSync(path, { recursive: true, mode: 0o711 });
    // Here snapshots are made, and stay where they were made when they are moved.
    spreadDirectory(layout.staging);
    await makeLayout(layout);
  } catch (error) {
    if (!isSystemError(error, "EACCES", "EPERM", "EROFS")) throw error;
    throw new RbuildError("store.not-writable", `the engine's store ${layout.root} cannot be written (${error.code})`, {
      category: "unavailable",
      hint: "run it as root, or name another place with --engine-root",
      cause: error,
      details: { root: layout.root },
    });
  }
}

/** An empty table of images comes with a new layout; later its absence is damage, never an empty store. */
async function makeLayout(layout: StoreLayout): Promise<void> {
  const marker = join(layout.image, "oci-layout");
  if (await pathExists(marker)) return;
  await using _held = await lock(layout.indexLock);
  if (!(await pathExists(layout.index))) await writeFileAtomic(layout.index, canonicalJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] }));
  await writeFileAtomic(marker, canonicalJson({ imageLayoutVersion: "1.0.0" }));
}
