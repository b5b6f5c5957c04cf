import { readdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { type ChainId, isDigest } from "../../oci/index.ts";
import { isRbuildError, isSystemError, lock, pathExists, RbuildError } from "../../system/index.ts";
import type { StoreLayout } from "../store/layout.ts";
import { keyOfName, type SnapshotDirectory, snapshotDirectory } from "./snapshot-directories.ts";
import { snapshotNotFound } from "./snapshot-errors.ts";
import { readRecord, type SnapshotRecord } from "./snapshot-record.ts";
import type { SnapshotInfo, SnapshotKey } from "./snapshotter.ts";
import { type Staging, stage } from "./staging.ts";

const isLayer = (key: SnapshotKey) => isDigest(key);

/** Which snapshots there are and what lies on what. They come and go by one rename, under a lock that keeps parents and children together. */
export class SnapshotCatalog {
  readonly #layout: StoreLayout;

  constructor(layout: StoreLayout) {
    this.#layout = layout;
  }

  directory(key: SnapshotKey): SnapshotDirectory {
    return snapshotDirectory(this.#layout, key);
  }

  find(key: SnapshotKey): Promise<SnapshotRecord | undefined> {
    return readRecord(this.directory(key));
  }

  /** @throws RbuildError `snapshot.not-found` */
  async get(key: SnapshotKey): Promise<SnapshotRecord> {
    const record = await this.find(key);
    if (record === undefined) throw snapshotNotFound(key);
    return record;
  }

  async stat(key: SnapshotKey): Promise<SnapshotInfo | undefined> {
    const record = await this.find(key);
    return record && { key, kind: record.kind, ...(record.parent === undefined ? {} : { parent: record.parent as unknown as SnapshotKey }) };
  }

  /** Sound snapshots, sorted by key. */
  async list(): Promise<SnapshotInfo[]> {
    const all = await Promise.all((await this.#keys()).map((key) => this.#soundInfo(key)));
    return all.filter((info) => info !== undefined);
  }

  /** Keys of directories that no longer make a snapshot: their record, their files or their parent is missing. */
  async damaged(): Promise<SnapshotKey[]> {
    await using _held = await lock(this.#layout.snapshotsLock);
    return await this.#damaged(await this.list());
  }

  /**
   * Removes layers that are damaged or not trusted, with all on top of them; those that a writable snapshot lies on stay.
   * One look and one step under the lock: what another process puts in their place is not touched.
   */
  async removeUnsoundLayers(isTrusted: (key: SnapshotKey) => Promise<boolean>): Promise<void> {
    await using staging = await stage(this.#layout);
    await using _held = await lock(this.#layout.snapshotsLock);
    const infos = await this.list();
    const unsound = new Set<SnapshotKey>((await this.#damaged(infos)).filter(isLayer));
    for (const { key, kind } of infos) if (kind === "committed" && !(await isTrusted(key))) unsound.add(key);
    for (const key of unsound) for (const { key: child } of infos.filter((info) => info.parent === key)) unsound.add(child);
    const kept = new Set<SnapshotKey>();
    for (let at = infos.filter(({ kind }) => kind === "active"); at.length > 0; ) {
      for (const { key } of at) kept.add(key);
      at = infos.filter((info) => at.some(({ parent }) => parent === info.key));
    }
    for (const key of unsound) if (!kept.has(key)) this.#takeAway(key, staging);
  }

  async #damaged(infos: readonly SnapshotInfo[]): Promise<SnapshotKey[]> {
    const byKey = new Map(infos.map((info) => [info.key, info]));
    const isSound = async (key: SnapshotKey): Promise<boolean> => {
      const info = byKey.get(key);
      if (info === undefined || !(await pathExists(this.directory(key).files))) return false;
      return info.parent === undefined || isSound(info.parent);
    };
    const keys = await this.#keys();
    const sound = await Promise.all(keys.map(isSound));
    return keys.filter((_, index) => !sound[index]);
  }

  async #keys(): Promise<SnapshotKey[]> {
    return readdirSync(this.#layout.snapshots)
      .sort()
      .flatMap((name) => keyOfName(name) ?? []);
  }

  async #soundInfo(key: SnapshotKey): Promise<SnapshotInfo | undefined> {
    try {
      return await this.stat(key);
    } catch (error) {
      if (isRbuildError(error, "snapshot.damaged")) return undefined;
      throw error;
    }
  }

  /** Directories with the files of a committed snapshot and all below it, top first. @throws RbuildError `snapshot.not-found` */
  async stack(top: ChainId | undefined): Promise<string[]> {
    const stack: string[] = [];
    for (let next = top; next !== undefined; ) {
      const key = next as unknown as SnapshotKey;
      const record = await this.get(key);
      if (record.kind !== "committed") throw snapshotNotFound(key);
      stack.push(this.directory(key).files);
      next = record.parent;
    }
    return stack;
  }

  /** Moves a staged snapshot to its place. False when one is there already. @throws RbuildError `snapshot.not-found` when the parent has gone meanwhile */
  async publish(staging: Staging, key: SnapshotKey, parent: ChainId | undefined): Promise<boolean> {
    await using _held = await lock(this.#layout.snapshotsLock);
    if (parent !== undefined) await this.get(parent as unknown as SnapshotKey);
    const { path } = this.directory(key);
    if (await pathExists(path)) return false;
    renameSync(staging.directory.path, path);
    return true;
  }

  /** Takes a snapshot away; one that is not there is no error. @throws RbuildError `snapshot.in-use` */
  async remove(key: SnapshotKey): Promise<void> {
    await using staging = await stage(this.#layout);
    await using _held = await lock(this.#layout.snapshotsLock);
    const child = (await this.list()).find((info) => info.parent === key);
    if (child) {
      throw new RbuildError("snapshot.in-use", `the snapshot ${key} is the parent of ${child.key}`, {
        category: "conflict",
        details: { key, child: child.key },
      });
    }
    this.#takeAway(key, staging);
  }

  #takeAway(key: SnapshotKey, staging: Staging): void {
    const { path } = this.directory(key);
    try {
      renameSync(path, join(staging.directory.path, basename(path)));
    } catch (error) {
      if (!isSystemError(error, "ENOENT")) throw error;
    }
  }
}
