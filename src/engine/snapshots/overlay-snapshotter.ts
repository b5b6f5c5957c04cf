import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChainId, chainIds, type DiffId, digestOf } from "../../oci/index.ts";
import { isSystemError, lock, pathExists, RbuildError, run, syncDirectory, unmount } from "../../system/index.ts";
import type { ByteStream } from "../content/content-store.ts";
import { prepareLayout, type StoreLayout, storeLayout } from "../store/layout.ts";
import { type Change, listChanges } from "./changes.ts";
import { copyRoot } from "./copy-root.ts";
import { diffLayer } from "./diff-layer.ts";
import { bootId, isTrusted, makeDurable } from "./durability.ts";
import { extractLayer } from "./extract-layer.ts";
import { LowerView } from "./lower-view.ts";
import { mountOverlay } from "./mount-overlay.ts";
import { mountsOfUpper } from "./mounted-overlays.ts";
import { type OverlayFlavor, overlayFlavor } from "./overlay-flavor.ts";
import { keyOfName, type SnapshotDirectory, snapshotDirectory } from "./snapshot-directories.ts";
import { snapshotExists, snapshotMounted, snapshotNotFound } from "./snapshot-errors.ts";
import { readRecord, type SnapshotRecord, writeRecord } from "./snapshot-record.ts";
import type { SnapshotInfo, SnapshotKey, Snapshotter } from "./snapshotter.ts";
import { type Staging, stage, sweepStaging } from "./staging.ts";

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
export async function openOverlaySnapshotter(options: OverlaySnapshotterOptions): Promise<OverlaySnapshotter> {
  const layout = storeLayout(options.root);
  await prepareLayout(layout);
  await sweepStaging(layout);
  const empty = join(layout.snapshots, ".empty");
  await mkdir(empty, { recursive: true });
  const snapshotter = new OverlaySnapshotter(layout, { sync: options.sync ?? true, volatile: options.volatile ?? false, empty, flavor: overlayFlavor() });
  await snapshotter.removeUntrusted();
  return snapshotter;
}

interface Settings {
  readonly sync: boolean;
  readonly volatile: boolean;
  /** A directory without files: overlayfs wants a lower directory, and two of them for a mount that is only read. */
  readonly empty: string;
  readonly flavor: OverlayFlavor;
}

/** One directory per snapshot: a layer's files in overlayfs's own form, and a record that names its parent. */
export class OverlaySnapshotter implements Snapshotter {
  readonly #layout: StoreLayout;
  readonly #settings: Settings;
  readonly #applying = new Map<ChainId, Promise<ChainId>>();

  constructor(layout: StoreLayout, settings: Settings) {
    this.#layout = layout;
    this.#settings = settings;
  }

  async apply(
    layer: { readonly tar: ByteStream; readonly diffId: DiffId; readonly parent?: ChainId },
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ChainId> {
    const chainId = layer.parent === undefined ? chainIds([layer.diffId])[0] : (digestOf(`${layer.parent} ${layer.diffId}`) as unknown as ChainId);
    if (chainId === undefined) throw new TypeError("a layer has a chain id");
    for (;;) {
      const running = this.#applying.get(chainId);
      if (running === undefined) break;
      // Another caller's failure may be its own, such as its abort: try then.
      if (await running.then(Boolean, () => false)) return chainId;
    }
    const applying = this.#apply(layer, chainId, options).finally(() => this.#applying.delete(chainId));
    this.#applying.set(chainId, applying);
    return await applying;
  }

  async #apply(
    layer: { readonly tar: ByteStream; readonly diffId: DiffId; readonly parent?: ChainId },
    chainId: ChainId,
    options: { readonly signal?: AbortSignal },
  ): Promise<ChainId> {
    const key = chainId as unknown as SnapshotKey;
    if (await readRecord(this.#directory(key))) return chainId;
    const { sync, flavor } = this.#settings;
    const lower = new LowerView(layer.parent ? await this.#stack(layer.parent) : [], flavor);
    await using staging = await stage(this.#layout);
    await mkdir(staging.directory.files);
    const bytes = await extractLayer({ ...layer, lower }, staging.directory.files, { flavor, ...options });
    const parent = layer.parent === undefined ? {} : { parent: layer.parent };
    const boot = sync ? { boot: await bootId() } : {};
    await writeRecord(staging.directory, { kind: "committed", ...parent, diffId: layer.diffId, bytes, ...boot }, { sync });
    if ((await this.#publish(staging, key, layer.parent)) && sync) makeDurable(this.#directory(key));
    return chainId;
  }

  async prepare(key: SnapshotKey, parent?: ChainId): Promise<SnapshotInfo> {
    if (await readRecord(this.#directory(key))) throw snapshotExists(key);
    const below = parent === undefined ? [] : await this.#stack(parent);
    await using staging = await stage(this.#layout);
    await mkdir(staging.directory.files);
    await mkdir(staging.directory.work);
    if (below[0] !== undefined) await copyRoot(below[0], staging.directory.files, this.#settings.flavor);
    await writeRecord(staging.directory, { kind: "active", ...(parent === undefined ? {} : { parent }) }, { sync: false });
    if (!(await this.#publish(staging, key, parent))) throw snapshotExists(key);
    return { key, kind: "active", ...(parent === undefined ? {} : { parent: parent as unknown as SnapshotKey }) };
  }

  async mount(key: SnapshotKey, target: string, options: { readonly readOnly?: boolean } = {}): Promise<void> {
    const directory = this.#directory(key);
    const record = await this.#record(key);
    const below = record.parent === undefined ? [] : await this.#stack(record.parent);
    await mkdir(target, { recursive: true });
    const { empty, flavor, volatile } = this.#settings;
    if (record.kind === "committed" || options.readOnly) {
      const own = [directory.files, ...below];
      mountOverlay({ lower: own.length === 1 ? [...own, empty] : own, options: flavor.mountOptions }, target);
      return;
    }
    const [elsewhere] = await mountsOfUpper(directory.files);
    if (elsewhere !== undefined) {
      throw snapshotMounted(key, elsewhere);
    }
    // Left by an earlier volatile mount; the kernel refuses another one as long as it is there.
    await rm(join(directory.work, "work", "incompat"), { recursive: true, force: true });
    const upper = { files: directory.files, work: directory.work };
    mountOverlay({ lower: below.length === 0 ? [empty] : below, upper, options: [...flavor.mountOptions, ...(volatile ? ["volatile"] : [])] }, target);
  }

  async unmount(target: string): Promise<void> {
    for (let attempt = 0; attempt < 50; attempt++) {
      try {
        unmount(target);
        return;
      } catch (error) {
        if (!isSystemError(error, "EBUSY")) throw error;
        await sleep(10);
      }
    }
    unmount(target, { lazy: true });
  }

  async *diff(key: SnapshotKey, options: { readonly clampTime?: number } = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { files, lower } = await this.#changed(key);
    yield* diffLayer(files, lower, { flavor: this.#settings.flavor, ...options });
  }

  async changes(key: SnapshotKey): Promise<readonly Change[]> {
    const { files, lower } = await this.#changed(key);
    return listChanges(files, lower, this.#settings.flavor);
  }

  async stat(key: SnapshotKey): Promise<SnapshotInfo | undefined> {
    const record = await readRecord(this.#directory(key));
    return record && { key, kind: record.kind, ...(record.parent === undefined ? {} : { parent: record.parent as unknown as SnapshotKey }) };
  }

  async list(): Promise<readonly SnapshotInfo[]> {
    const keys = (await readdir(this.#layout.snapshots)).sort().flatMap((name) => keyOfName(name) ?? []);
    const all = await Promise.all(keys.map((key) => this.stat(key)));
    return all.filter((info) => info !== undefined);
  }

  async usage(key: SnapshotKey): Promise<number> {
    await this.#record(key);
    const { stdout } = await run("du", ["--summarize", "--block-size=1", "--one-file-system", this.#directory(key).path]);
    return Number.parseInt(stdout, 10);
  }

  async remove(key: SnapshotKey): Promise<void> {
    const directory = this.#directory(key);
    const [elsewhere] = await mountsOfUpper(directory.files);
    if (elsewhere !== undefined) {
      throw snapshotMounted(key, elsewhere);
    }
    await using staging = await stage(this.#layout);
    {
      await using _held = await lock(this.#layout.snapshotsLock);
      const child = (await this.list()).find((info) => info.parent === key);
      if (child) {
        throw new RbuildError("snapshot.in-use", `the snapshot ${key} is the parent of ${child.key}`, {
          category: "conflict",
          details: { key, child: child.key },
        });
      }
      await rename(directory.path, join(staging.directory.path, basename(directory.path))).catch((error: unknown) => {
        if (!isSystemError(error, "ENOENT")) throw error;
      });
    }
  }

  /** Removes what a power cut may have damaged, if no writable snapshot lies on it: the next unpack makes it again. */
  async removeUntrusted(): Promise<void> {
    const boot = await bootId();
    for (const { key } of (await this.list()).toReversed()) {
      const directory = this.#directory(key);
      const record = await readRecord(directory);
      if (record === undefined || (await isTrusted(directory, record, boot))) continue;
      for (const child of await this.#withChildren(key)) await this.remove(child);
    }
  }

  /** The snapshot and all on top of it, children first; none when one of them is writable. */
  async #withChildren(key: SnapshotKey): Promise<SnapshotKey[]> {
    const all = await this.list();
    const above = (parent: SnapshotKey): SnapshotInfo[] => all.filter((info) => info.parent === parent).flatMap((info) => [...above(info.key), info]);
    const children = above(key);
    return children.some(({ kind }) => kind === "active") || !all.some((info) => info.key === key) ? [] : [...children.map((info) => info.key), key];
  }

  #directory(key: SnapshotKey): SnapshotDirectory {
    return snapshotDirectory(this.#layout, key);
  }

  async #record(key: SnapshotKey): Promise<SnapshotRecord> {
    const record = await readRecord(this.#directory(key));
    if (record === undefined) throw snapshotNotFound(key);
    return record;
  }

  /** Directories with the files of a committed snapshot and all below it, top first. */
  async #stack(top: ChainId): Promise<string[]> {
    const stack: string[] = [];
    for (let next: ChainId | undefined = top; next !== undefined; ) {
      const key = next as unknown as SnapshotKey;
      const record: SnapshotRecord = await this.#record(key);
      if (record.kind !== "committed") throw snapshotNotFound(key);
      stack.push(this.#directory(key).files);
      next = record.parent;
    }
    return stack;
  }

  async #changed(key: SnapshotKey): Promise<{ readonly files: string; readonly lower: LowerView }> {
    const { parent } = await this.#record(key);
    return { files: this.#directory(key).files, lower: new LowerView(parent === undefined ? [] : await this.#stack(parent), this.#settings.flavor) };
  }

  /** Moves a staged snapshot to its place. False when one is there already. @throws RbuildError `snapshot.not-found` when the parent has gone meanwhile */
  async #publish(staging: Staging, key: SnapshotKey, parent: ChainId | undefined): Promise<boolean> {
    await using _held = await lock(this.#layout.snapshotsLock);
    if (parent !== undefined) await this.#record(parent as unknown as SnapshotKey);
    const { path } = this.#directory(key);
    if (await pathExists(path)) return false;
    await rename(staging.directory.path, path);
    if (this.#settings.sync) await syncDirectory(this.#layout.snapshots);
    return true;
  }
}
