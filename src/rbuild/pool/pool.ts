import type { Digest } from "../../oci/index.ts";
import type { RbuildReport } from "../events.ts";
import type { Received } from "./received.ts";

/** Something of an archive that is known by its bytes: a package or an index. */
export interface PoolItem {
  readonly sha256: Digest;
  /** Bytes. */
  readonly size: number;
  /** Relative to the archive's root: `pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb`. */
  readonly path: string;
  /** Name of the archive: `debian`. */
  readonly archive: string;
}

/** Files by their SHA-256 in one directory of the state, `pool/sha256/ab/<hex>`. What is in it was verified on the way in; what is read is verified again. */
export interface Pool {
  readonly directory: string;
  has(item: Pick<PoolItem, "sha256" | "size">): Promise<boolean>;
  /** Where an item lies. It need not be there. */
  pathOf(sha256: Digest): string;
  /** Takes a file in: all of it, with exactly this size and digest, or nothing. @throws RbuildError `pool.wrong-bytes` */
  put(item: PoolItem, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** The bytes, hashed on the way; the last read throws when they are not the item's. @throws RbuildError `pool.missing`, `pool.damaged` */
  read(item: PoolItem): AsyncIterable<Uint8Array>;
}

/** Where an item may be had, tried in this order. */
export type PoolSource =
  /** Another pool directory: a USB stick, a capsule, the vendored pool of a tree. */
  | { readonly kind: "directory"; readonly path: string }
  /** An archive's files in a directory, by the item's path. */
  | { readonly kind: "files"; readonly archive: string; readonly path: string }
  /** Whatever can be read by the item's path; undefined where there is nothing. */
  | {
      readonly kind: "reader";
      readonly name: string;
      readonly archive: string;
      readonly read: (path: string, signal: AbortSignal) => AsyncIterable<Uint8Array> | undefined;
    }
  /** A publisher's pool: `<url>/sha256/ab/<hex>`. */
  | { readonly kind: "publisher"; readonly url: string }
  /** A Debian mirror, by the item's path. */
  | { readonly kind: "mirror"; readonly archive: string; readonly url: string; readonly proxy?: string }
  /** An archive of old states. The template has `{archive}`, `{path}`, `{name}` (last component), `{sha256}` or `{timestamp}` (`20260711T094637Z`, of the lock). */
  | { readonly kind: "template"; readonly template: string; readonly timestamp?: string };

export interface FillOptions {
  /** A function is asked only when something is missing. */
  readonly sources: readonly PoolSource[] | (() => Promise<readonly PoolSource[]>);
  /** Only directories are asked: what is missing then is an error that lists it. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
  /** Where several fills count together. */
  readonly received?: Received;
}

export interface FillOutcome {
  /** Items that were there already, and those that were fetched. */
  readonly present: number;
  readonly fetched: number;
  /** Of the fetched ones. */
  readonly bytes: number;
  /** Bytes that came besides, and were not what they should be. */
  readonly discarded: number;
}

/**
 * Makes sure that the pool has all items: in parallel, resumed, with progress. `src/rbuild/pool/fill-pool.ts` is the one implementation.
 * @throws RbuildError `pool.missing` (offline; its details list every item with path and size), `pool.not-obtainable`, `pool.wrong-bytes`
 */
export type FillPool = (items: readonly PoolItem[], pool: Pool, options: FillOptions, report: RbuildReport) => Promise<FillOutcome>;
