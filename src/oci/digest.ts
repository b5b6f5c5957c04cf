import { OciFormatError } from "./errors.ts";

/** `sha256:<64 lower-case hex>`: names a stored blob. Made only by `parseDigest` and `digestFromHex`. OCI image-spec, descriptor.md. */
export type Digest = string & { readonly __brand: "Digest" };
/** Digest of an uncompressed layer tar. */
export type DiffId = Digest & { readonly __kind: "DiffId" };
/** Digest of a stack of layers: image-spec config.md, "Layer ChainID". */
export type ChainId = Digest & { readonly __kind: "ChainId" };
/** Digest of an image's config blob. */
export type ImageId = Digest & { readonly __kind: "ImageId" };

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && DIGEST.test(text);
}

/** @throws OciFormatError */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new OciFormatError("digest", `${JSON.stringify(text.slice(0, 100))} is not sha256:<64 lower-case hex>`);
  return text;
}

export function digestFromHex(hex: string): Digest {
  return parseDigest(`sha256:${hex}`);
}

export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** First 12 hex digits, for people. */
export function shortDigest(digest: Digest): string {
  return digestHex(digest).slice(0, 12);
}

/** Says that a digest whose content is known to be an uncompressed layer is its diff id. */
export const asDiffId = (digest: Digest): DiffId => digest as DiffId;
export const asImageId = (digest: Digest): ImageId => digest as ImageId;
export const asChainId = (digest: Digest): ChainId => digest as ChainId;
