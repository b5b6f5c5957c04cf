import { digestInPath, repositoryPaths, VERDICT_PATH } from "../../../trust/format/paths.ts";
import { MAX_BYTES } from "../../../trust/limits.ts";

/** A path of the layout in docs/repository-format.md. There are no others. */
export type KnownPath =
  /** Named for its own bytes. */
  | { readonly kind: "content"; readonly path: string; readonly mediaType: string; readonly digest: string }
  /** Small, read whole; only the pointer `current.json` ever changes. */
  | { readonly kind: "metadata"; readonly path: string; readonly mediaType: string; readonly maxBytes: number; readonly changes: boolean };

const JSON_TYPE = "application/json";
const METADATA = /^(root|freshness)\/[1-9]\d{0,9}\.json(\.asc)?$/;
const INDEX = /^index\/[1-9]\d{0,9}\.([0-9a-f]{64})\.json(\.asc)?$/;

/** @param path as the request has it, without the first slash */
export function knownPath(path: string): KnownPath | undefined {
  if (path === repositoryPaths.current) return { kind: "metadata", path, mediaType: JSON_TYPE, maxBytes: MAX_BYTES.current, changes: true };
  const [, type, isSignature] = METADATA.exec(path) ?? [];
  if (type !== undefined) return isSignature ? signature(path) : metadata(path, type === "root" ? MAX_BYTES.root : MAX_BYTES.freshness);
  const [, hex, isOfIndex] = INDEX.exec(path) ?? [];
  if (hex !== undefined) return isOfIndex ? signature(path) : { kind: "content", path, mediaType: JSON_TYPE, digest: `sha256:${hex}` };
  const verdict = VERDICT_PATH.exec(path);
  if (verdict) return verdict[1] === undefined ? metadata(path, MAX_BYTES.verdict) : signature(path);
  const digest = digestInPath(path);
  return digest === undefined ? undefined : { kind: "content", path, mediaType: contentType(path), digest };
}

function metadata(path: string, maxBytes: number): KnownPath {
  return { kind: "metadata", path, mediaType: JSON_TYPE, maxBytes, changes: false };
}

function signature(path: string): KnownPath {
  return { kind: "metadata", path, mediaType: "application/pgp-signature", maxBytes: MAX_BYTES.signature, changes: false };
}

function contentType(path: string): string {
  if (path.startsWith("locks/")) return JSON_TYPE;
  if (path.startsWith("pool/")) return "application/vnd.debian.binary-package";
  return path.endsWith(".zst") ? "application/zstd" : path.endsWith(".gz") ? "application/gzip" : "application/octet-stream";
}
