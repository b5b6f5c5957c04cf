import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { proxyFor } from "../../mirror/apt-proxy.ts";
import type { PoolItem, PoolSource } from "../../pool/pool.ts";
import { redactUrl } from "../../pool/source-places.ts";
import type { BundleSource } from "../bundle/open-bundle-source.ts";

/** Where a repository's files are. Whoever keeps them is trusted for nothing. */
export type RepositoryPlace =
  | { readonly kind: "http"; readonly url: string; readonly proxy?: string }
  | { readonly kind: "directory"; readonly path: string }
  /** What `rbuild image bundle` wrote. */
  | { readonly kind: "bundle"; readonly path: string };

export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/** A place as a person names it: an http, https or file URL, a directory, or a bundle. */
export async function repositoryPlace(text: string, environment: Readonly<Record<string, string | undefined>> = process.env): Promise<RepositoryPlace> {
  if (!isUrl(text)) {
    const path = resolve(/^file:\/\//i.test(text) ? fileURLToPath(text) : text);
    const found = await stat(path).catch(() => undefined);
    return { kind: found?.isFile() ? "bundle" : "directory", path };
  }
  const proxy = proxyFor(new URL(text), new Map(), environment);
  const url = text.replace(/\/+$/, "");
  return proxy === undefined ? { kind: "http", url } : { kind: "http", url, proxy };
}

/** For people: no password, no query. */
export const placeName = (place: RepositoryPlace): string => (place.kind === "http" ? redactUrl(place.url) : place.path);

const REPOSITORY = "repository";

/** A file that an index names, as something that is fetched by its digest. */
export function repositoryItem({ path, sha256, size }: Pick<PoolItem, "path" | "sha256" | "size">): PoolItem {
  return { path, sha256, size, archive: REPOSITORY };
}

/** @param bundle the open one, where the place is a bundle */
export function poolSourceOf(place: RepositoryPlace, bundle?: BundleSource): PoolSource {
  if (place.kind === "bundle") {
    const read = (path: string, signal: AbortSignal) => (bundle?.sizeOf(path) === undefined ? undefined : bundle.read(path, { signal }));
    return { kind: "reader", name: place.path, archive: REPOSITORY, read };
  }
  if (place.kind === "directory") return { kind: "files", archive: REPOSITORY, path: place.path };
  const { url, proxy } = place;
  return { kind: "mirror", archive: REPOSITORY, url, ...(proxy === undefined ? {} : { proxy }) };
}
