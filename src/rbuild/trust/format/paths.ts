import { type Digest, digestHex, digestOf } from "../../../oci/index.ts";
import type { Fingerprint } from "./fields.ts";

/** Where things are in a repository, relative to its root; `keys/` of a checkout has the same `root/`. */
export const repositoryPaths = {
  /** The only file whose bytes change. */
  current: "current.json",
  root: (version: number) => `root/${version}.json`,
  freshness: (version: number) => `freshness/${version}.json`,
  index: (version: number, digest: Digest) => `index/${version}.${digestHex(digest)}.json`,
  signature: (path: string) => `${path}.asc`,
  /** Of one rebuilder on one image. A later revision replaces the earlier ones. */
  verdict: (manifest: Digest, rebuilder: Fingerprint, revision: number) =>
    `verdicts/${digestHex(digestOf(`${digestHex(manifest)}/${rebuilder}/${revision}`))}.json`,
} as const;

/** A verdict or its signature. */
export const VERDICT_PATH = /^verdicts\/[0-9a-f]{64}\.json(\.asc)?$/;

/** How files that an index names are called: by the SHA-256 of their own bytes. */
export const CONTENT_PATH =
  /^(?:blobs\/sha256\/([0-9a-f]{64})|encoded\/sha256\/([0-9a-f]{64})\.(?:zst|gz)|deltas\/sha256\/([0-9a-f]{64})\.zst|locks\/sha256\/([0-9a-f]{64})\.json|pool\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64}))$/;

/** The digest in a content path. Undefined when it is none. */
export function digestInPath(path: string): string | undefined {
  const hex = CONTENT_PATH.exec(path)
    ?.slice(1)
    .find((group) => group !== undefined);
  return hex === undefined || (path.startsWith("pool/") && !path.startsWith(`pool/sha256/${hex.slice(0, 2)}/`)) ? undefined : `sha256:${hex}`;
}
