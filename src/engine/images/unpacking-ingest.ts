import {
  type ChainId,
  chainIds,
  type DiffId,
  type ImageConfig,
  layerCompression,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  type Manifest,
  parseImageConfig,
  parseManifest,
} from "../../oci/index.ts";
import type { BlobInfo, ByteStream, ContentStore, ExpectedBlob } from "../content/content-store.ts";
import { type Snapshotter, snapshotKey } from "../snapshots/snapshotter.ts";
import { twoReaders } from "./two-readers.ts";

/**
 * Stores blobs, and unpacks uncompressed layers while they come, where manifest and config came before and the layers come in their order.
 * It only saves time: what is not unpacked by it, for whatever reason, is for `unpackImage`, which also says why.
 */
export class UnpackingIngest implements Pick<ContentStore, "ingest"> {
  readonly #content: ContentStore;
  readonly #snapshots: Snapshotter;
  #manifest: Manifest | undefined;
  #config: ImageConfig | undefined;
  /** Layers that are unpacked. */
  #count = 0;

  constructor({ content, snapshots }: { readonly content: ContentStore; readonly snapshots: Snapshotter }) {
    this.#content = content;
    this.#snapshots = snapshots;
  }

  async ingest(source: ByteStream | Uint8Array, expected: ExpectedBlob = {}, options: { readonly signal?: AbortSignal } = {}): Promise<BlobInfo> {
    const layer = source instanceof Uint8Array ? undefined : await this.#nextLayer(expected);
    if (!layer) {
      const blob = await this.#content.ingest(source, expected, options);
      await this.#learn(blob);
      return blob;
    }
    const stop = new AbortController();
    const [stored, unpacked] = twoReaders(source as ByteStream);
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    const unpacking = this.#snapshots
      .apply({ ...layer, tar: unpacked }, { signal })
      .then(
        () => void this.#count++,
        () => this.#forget(),
      )
      .finally(() => unpacked.leave());
    try {
      return await this.#content.ingest(stored, expected, options);
    } catch (error) {
      stop.abort(error);
      stored.leave();
      throw error;
    } finally {
      await unpacking;
    }
  }

  /** The layer that is to be unpacked now, if that is what is expected. */
  async #nextLayer({ digest }: ExpectedBlob): Promise<{ readonly diffId: DiffId; readonly parent?: ChainId } | undefined> {
    const diffIds = this.#config?.rootfs.diff_ids ?? [];
    const chain = chainIds(diffIds);
    for (; this.#count < chain.length; this.#count++) {
      const key = chain[this.#count];
      if (key === undefined || !(await this.#snapshots.stat(snapshotKey(key)))) break;
    }
    const [diffId, parent, descriptor] = [diffIds[this.#count], chain[this.#count - 1], this.#manifest?.layers[this.#count]];
    if (diffId === undefined || descriptor === undefined || descriptor.digest !== digest || layerCompression(descriptor.mediaType) !== "none") return undefined;
    return { diffId, ...(parent === undefined ? {} : { parent }) };
  }

  /** Small blobs may be the manifest, and then its config. */
  async #learn({ digest, size }: BlobInfo): Promise<void> {
    try {
      if (this.#config) return;
      if (this.#manifest?.config.digest === digest) this.#config = parseImageConfig(await this.#content.read(digest, MAX_CONFIG_BYTES));
      else if (size <= MAX_MANIFEST_BYTES) this.#manifest = parseManifest(await this.#content.read(digest, MAX_MANIFEST_BYTES));
    } catch {
      // It is something else.
    }
  }

  #forget(): void {
    this.#config = undefined;
    this.#manifest = undefined;
  }
}
