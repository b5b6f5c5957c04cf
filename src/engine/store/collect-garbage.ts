import { isRbuildError } from "../../system/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import type { GcReport } from "../engine.ts";
import { ImageIndex, type IndexEntry } from "../images/image-index.ts";
import { openImage } from "../images/open-image.ts";
import { SnapshotCatalog } from "../snapshots/snapshot-catalog.ts";
import type { SnapshotInfo, SnapshotKey } from "../snapshots/snapshotter.ts";
import { sweepStaging } from "../snapshots/staging.ts";
import { type StoreLayout, storeLayout } from "./layout.ts";
import { takeExclusive } from "./lease.ts";
import { sweepOwnedFiles } from "./owned-file.ts";
import { type Reachable, reachableFrom } from "./reachable.ts";
import type { StoreParts } from "./store-parts.ts";

/**
 * Removes blobs and snapshots that no image and no writable snapshot in use needs, what is damaged and cannot be mended, and what dead
 * processes left. A sound image without a name stays: it is removed as an image.
 * @throws RbuildError `store.busy` when a lease is held for longer than `waitMs`, `store.index-damaged`
 */
export async function collectGarbage(parts: StoreParts, options: { readonly waitMs?: number; readonly signal?: AbortSignal } = {}): Promise<GcReport> {
  await using _alone = await takeExclusive(parts.root, options);
  const layout = storeLayout(parts.root);
  const needed = await reachableFrom(await dropDamaged(new ImageIndex(layout, { sync: true }), parts.content), parts.content);
  await sweepOwnedFiles(layout.ingest);
  await sweepStaging(layout);
  const snapshots = await removeSnapshots(parts, layout, needed);
  const blobs = await removeBlobs(parts, needed, options.signal);
  return { blobs: blobs.count, snapshots: snapshots.count, bytes: blobs.bytes + snapshots.bytes };
}

/** Forgets images that are damaged and have no name to be mended by. @throws RbuildError when the table cannot be read: then nothing is garbage */
async function dropDamaged(index: ImageIndex, content: ContentStore): Promise<readonly IndexEntry[]> {
  const before = await index.read();
  const sound = await Promise.all(before.map(async (entry) => entry.reference !== undefined || (await isComplete(entry, content))));
  if (!sound.includes(false)) return before;
  const dropped = new Set(before.filter((_, at) => !sound[at]).map(({ manifest }) => manifest.digest));
  return index.update((entries) => entries.filter((entry) => entry.reference !== undefined || !dropped.has(entry.manifest.digest)));
}

async function isComplete({ manifest }: IndexEntry, content: ContentStore): Promise<boolean> {
  try {
    const image = await openImage(content, manifest);
    const stored = await Promise.all(image.manifest.layers.map(({ digest }) => content.stat(digest)));
    return stored.every((blob, index) => blob?.size === image.manifest.layers[index]?.size);
  } catch (error) {
    if (isRbuildError(error)) return false;
    throw error;
  }
}

interface Freed {
  count: number;
  bytes: number;
}

async function removeBlobs({ content }: StoreParts, needed: Reachable, signal: AbortSignal | undefined): Promise<Freed> {
  const freed: Freed = { count: 0, bytes: 0 };
  for await (const { digest, size } of content.list()) {
    signal?.throwIfAborted();
    if (needed.blobs.has(digest)) continue;
    await content.remove(digest);
    freed.count++;
    freed.bytes += size;
  }
  return freed;
}

async function removeSnapshots(parts: StoreParts, layout: StoreLayout, needed: Reachable): Promise<Freed> {
  const freed: Freed = { count: 0, bytes: 0 };
  const catalog = new SnapshotCatalog(layout);
  const used = await parts.usedSnapshots?.();
  const infos = await catalog.list();
  const kept = keptSnapshots(infos, needed, used);
  const damaged = (await catalog.damaged()).filter((key) => !used?.has(key) && !hasUser(key, infos, kept));
  for (const key of new Set([
    ...damaged,
    ...childrenFirst(infos)
      .filter((info) => !kept.has(info))
      .map(({ key }) => key),
  ])) {
    const bytes = await parts.snapshots.usage(key).catch(() => 0);
    if (!(await removeSnapshot(parts, key))) continue;
    freed.count++;
    freed.bytes += bytes;
  }
  return freed;
}

function keptSnapshots(infos: readonly SnapshotInfo[], needed: Reachable, used: ReadonlySet<SnapshotKey> | undefined): ReadonlySet<SnapshotInfo> {
  const byKey = new Map(infos.map((info) => [info.key, info]));
  const kept = new Set<SnapshotInfo>();
  const chains: ReadonlySet<string> = needed.chains;
  for (const info of infos) {
    if (info.kind === "active" ? used !== undefined && !used.has(info.key) : !chains.has(info.key)) continue;
    for (let at: SnapshotInfo | undefined = info; at !== undefined; at = at.parent && byKey.get(at.parent)) kept.add(at);
  }
  return kept;
}

/** Somebody's files lie on the damaged snapshot: only he can tell what to do. */
function hasUser(key: SnapshotKey, infos: readonly SnapshotInfo[], kept: ReadonlySet<SnapshotInfo>): boolean {
  return infos.some(
    (info) => kept.has(info) && (info.key === key ? info.kind === "active" : info.parent === key && (info.kind === "active" || hasUser(info.key, infos, kept))),
  );
}

function childrenFirst(infos: readonly SnapshotInfo[]): SnapshotInfo[] {
  const byKey = new Map(infos.map((info) => [info.key, info]));
  const depth = (info: SnapshotInfo): number => {
    const parent = info.parent && byKey.get(info.parent);
    return parent === undefined ? 0 : depth(parent) + 1;
  };
  return infos
    .map((info) => ({ info, depth: depth(info) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ info }) => info);
}

async function removeSnapshot({ snapshots }: StoreParts, key: SnapshotKey): Promise<boolean> {
  try {
    await snapshots.remove(key);
    return true;
  } catch (error) {
    if (isRbuildError(error, "snapshot.mounted") || isRbuildError(error, "snapshot.in-use")) return false;
    throw error;
  }
}
