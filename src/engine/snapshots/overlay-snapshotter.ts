import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChainId, type DiffId, digestOf } from "../../oci/index.ts";
import { isSystemError, run, unmount } from "../../system/index.ts";
import type { StoreLayout } from "../store/layout.ts";
import { type Change, listChanges } from "./changes.ts";
import { copyRoot } from "./copy-root.ts";
import { diffLayer } from "./diff-layer.ts";
import { bootId, isTrusted, makeDurable } from "./durability.ts";
import { extractLayer } from "./extract-layer.ts";
import { LowerView } from "./lower-view.ts";
import { mountOverlay } from "./mount-overlay.ts";
import { mountsOfUpper } from "./mounted-overlays.ts";
import type { OverlayFlavor } from "./overlay-flavor.ts";
import { SnapshotCatalog } from "./snapshot-catalog.ts";
import { snapshotExists, snapshotMounted } from "./snapshot-errors.ts";
import { writeRecord } from "./snapshot-record.ts";
import type { SnapshotInfo, SnapshotKey, Snapshotter } from "./snapshotter.ts";
import { stage } from "./staging.ts";

type Layer = Parameters<Snapshotter["apply"]>[0];

export interface OverlaySettings {
  readonly sync: boolean;
  readonly volatile: boolean;
  /** A directory without files: overlayfs wants a lower directory, and two of them for a mount that is only read. */
  readonly empty: string;
  readonly flavor: OverlayFlavor;
}

/** One directory per snapshot: a layer's files in overlayfs's own form, and a record that names its parent. */
export class OverlaySnapshotter implements Snapshotter {
  readonly #layout: StoreLayout;
  readonly #catalog: SnapshotCatalog;
  readonly #settings: OverlaySettings;
  readonly #applying = new Map<ChainId, Promise<ChainId>>();

  constructor(layout: StoreLayout, settings: OverlaySettings) {
    this.#layout = layout;
    this.#catalog = new SnapshotCatalog(layout);
    this.#settings = settings;
  }

  async apply(layer: Layer, options: { readonly signal?: AbortSignal } = {}): Promise<ChainId> {
    const chainId = chainIdOf(layer.diffId, layer.parent);
    for (let running = this.#applying.get(chainId); running !== undefined; running = this.#applying.get(chainId)) {
      // Another caller's failure may be its own, such as its abort: try then.
      if (await running.then(Boolean, () => false)) return chainId;
    }
    const applying = this.#apply(layer, chainId, options).finally(() => this.#applying.delete(chainId));
    this.#applying.set(chainId, applying);
    return await applying;
  }

  async #apply(layer: Layer, chainId: ChainId, options: { readonly signal?: AbortSignal }): Promise<ChainId> {
    const key = chainId as unknown as SnapshotKey;
    if (await this.#catalog.find(key)) return chainId;
    const { sync, flavor } = this.#settings;
    const lower = new LowerView(await this.#catalog.stack(layer.parent), flavor);
    await using staging = await stage(this.#layout);
    mkdirSync(staging.directory.files);
    const bytes = await extractLayer({ ...layer, lower }, staging.directory.files, { flavor, ...options });
    const boot = sync ? { boot: await bootId() } : {};
    await writeRecord(staging.directory, { kind: "committed", ...parentOf(layer.parent), diffId: layer.diffId, bytes, ...boot });
    const isNew = await this.#catalog.publish(staging, key, layer.parent);
    if (isNew && sync) makeDurable(this.#catalog.directory(key));
    return chainId;
  }

  async prepare(key: SnapshotKey, parent?: ChainId): Promise<SnapshotInfo> {
    if (await this.#catalog.find(key)) throw snapshotExists(key);
    const [below] = await this.#catalog.stack(parent);
    await using staging = await stage(this.#layout);
    const { files, work } = staging.directory;
    mkdirSync(files);
    mkdirSync(work);
    if (below !== undefined) copyRoot(below, files, this.#settings.flavor);
    await writeRecord(staging.directory, { kind: "active", ...parentOf(parent) });
    if (!(await this.#catalog.publish(staging, key, parent))) throw snapshotExists(key);
    return { key, kind: "active", ...(parent === undefined ? {} : { parent: parent as unknown as SnapshotKey }) };
  }

  async mount(key: SnapshotKey, target: string, options: { readonly readOnly?: boolean } = {}): Promise<void> {
    const { files, work } = this.#catalog.directory(key);
    const record = await this.#catalog.get(key);
    const below = await this.#catalog.stack(record.parent);
    mkdirSync(target, { recursive: true });
    const { empty, flavor, volatile } = this.#settings;
    if (record.kind === "committed" || options.readOnly) {
      mountOverlay({ lower: below.length === 0 ? [files, empty] : [files, ...below], options: flavor.mountOptions }, target);
      return;
    }
    this.#refuseMounted(key);
    // Left by an earlier volatile mount; the kernel refuses another one as long as it is there.
    await rm(join(work, "work", "incompat"), { recursive: true, force: true });
    const mountOptions = [...flavor.mountOptions, ...(volatile ? ["volatile"] : [])];
    mountOverlay({ lower: below.length === 0 ? [empty] : below, upper: { files, work }, options: mountOptions }, target);
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

  stat(key: SnapshotKey): Promise<SnapshotInfo | undefined> {
    return this.#catalog.stat(key);
  }

  list(): Promise<readonly SnapshotInfo[]> {
    return this.#catalog.list();
  }

  async usage(key: SnapshotKey): Promise<number> {
    await this.#catalog.get(key);
    const { stdout } = await run("du", ["--summarize", "--block-size=1", "--one-file-system", this.#catalog.directory(key).path]);
    return Number.parseInt(stdout, 10);
  }

  async remove(key: SnapshotKey): Promise<void> {
    this.#refuseMounted(key);
    await this.#catalog.remove(key);
  }

  /** Removes what a power cut may have damaged: the next unpack makes it again. */
  async removeUntrusted(): Promise<void> {
    const boot = await bootId();
    await this.#catalog.removeUnsoundLayers(async (key) => isTrusted(this.#catalog.directory(key), await this.#catalog.get(key), boot));
  }

  #refuseMounted(key: SnapshotKey): void {
    const [target] = mountsOfUpper(this.#catalog.directory(key).files);
    if (target !== undefined) throw snapshotMounted(key, target);
  }

  async #changed(key: SnapshotKey): Promise<{ readonly files: string; readonly lower: LowerView }> {
    const { parent } = await this.#catalog.get(key);
    return { files: this.#catalog.directory(key).files, lower: new LowerView(await this.#catalog.stack(parent), this.#settings.flavor) };
  }
}

const parentOf = (parent: ChainId | undefined) => (parent === undefined ? {} : { parent });

/** OCI image-spec, config.md, "Layer ChainID". */
function chainIdOf(diffId: DiffId, parent: ChainId | undefined): ChainId {
  return (parent === undefined ? diffId : digestOf(`${parent} ${diffId}`)) as string as ChainId;
}
