import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { proxyFor } from "../../mirror/apt-proxy.ts";
import type { PoolItem, PoolSource } from "../../pool/pool.ts";
import { redactUrl } from "../../pool/source-places.ts";

/** Where a repository's files are. Whoever keeps them is trusted for nothing. */
export type RepositoryPlace = { readonly kind: "http"; readonly url: string; readonly proxy?: string } | { readonly kind: "directory"; readonly path: string };

/** A place as a person names it: an http, https or file URL, or a directory. */
export function repositoryPlace(text: string, environment: Readonly<Record<string, string | undefined>> = process.env): RepositoryPlace {
  if (!/^https?:\/\//i.test(text)) return { kind: "directory", path: resolve(/^file:\/\//i.test(text) ? fileURLToPath(text) : text) };
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

export function poolSourceOf(place: RepositoryPlace): PoolSource {
  if (place.kind === "directory") return { kind: "files", archive: REPOSITORY, path: place.path };
  const { url, proxy } = place;
  return { kind: "mirror", archive: REPOSITORY, url, ...(proxy === undefined ? {} : { proxy }) };
}
