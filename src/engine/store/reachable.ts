import {
  type ChainId,
  chainIds,
  type Descriptor,
  type Digest,
  isDigest,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  OciFormatError,
  parseImageConfig,
  parseManifest,
} from "../../oci/index.ts";
import { isRbuildError } from "../../system/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import type { IndexEntry } from "../images/image-index.ts";

/** What images of a store need. Of one that is damaged everything that can still be told, so that it can be completed. */
export interface Reachable {
  readonly blobs: ReadonlySet<Digest>;
  readonly chains: ReadonlySet<ChainId>;
}

export async function reachableFrom(entries: readonly IndexEntry[], content: ContentStore): Promise<Reachable> {
  const manifests = new Map(entries.map(({ manifest }) => [manifest.digest, manifest]));
  const needs: Reachable[] = [];
  for (const manifest of manifests.values()) needs.push(await neededBy(manifest, content));
  return { blobs: new Set(needs.flatMap(({ blobs }) => [...blobs])), chains: new Set(needs.flatMap(({ chains }) => [...chains])) };
}

export async function neededBy(descriptor: Descriptor, content: ContentStore): Promise<Reachable> {
  const manifest = await readIfSound(descriptor, content, MAX_MANIFEST_BYTES, parseManifest);
  if (manifest === undefined) return { blobs: new Set([descriptor.digest]), chains: new Set() };
  const config = await readIfSound(manifest.config, content, MAX_CONFIG_BYTES, parseImageConfig);
  return {
    blobs: new Set([descriptor, manifest.config, ...manifest.layers].map(({ digest }) => digest)),
    chains: new Set(chainIds(config?.rootfs.diff_ids ?? [])),
  };
}

async function readIfSound<T>({ digest }: Descriptor, content: ContentStore, limit: number, parse: (bytes: Uint8Array) => T): Promise<T | undefined> {
  try {
    return parse(await content.read(digest, limit));
  } catch (error) {
    if (isRbuildError(error) || error instanceof OciFormatError) return undefined;
    throw error;
  }
}

export function isChainId(key: string): key is ChainId {
  return isDigest(key);
}
