import { z } from "zod";
import { type Digest, isDigest } from "../../../oci/index.ts";
import { MAX_VERSION } from "../limits.ts";

/** Of a certificate's primary key: 40 (version 4) or 64 (version 6) upper-case hex digits. */
export type Fingerprint = string & { readonly __brand: "Fingerprint" };

export function isFingerprint(text: unknown): text is Fingerprint {
  return typeof text === "string" && /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(text);
}

const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;

/** A moment, to the second, of UTC: `2026-11-21T15:00:00Z`. */
export function timeText(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

function isTime(text: string): boolean {
  return TIME.test(text) && !Number.isNaN(Date.parse(text)) && timeText(new Date(text)) === text;
}

export const fingerprintField = z.custom<Fingerprint>(isFingerprint, { error: "must be a fingerprint of 40 or 64 upper-case hex digits" });
export const digestField = z.custom<Digest>(isDigest, { error: "must be sha256:<64 lower-case hex>" });
export const timeField = z.string().refine(isTime, "must be a time like 2026-11-21T15:00:00Z");
export const versionField = z.int().min(1).max(MAX_VERSION);
export const repositoryField = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
  .max(64);
export const sizeField = z
  .int()
  .min(0)
  .max(2 ** 40);
/** Bytes of a file by their digest and length. */
export const bytesFields = { sha256: digestField, size: sizeField };

/** True when each is above the one before: sorted, and none twice. */
export function isAscending(texts: readonly string[]): boolean {
  return texts.every((text, index) => index === 0 || (texts[index - 1] as string) < text);
}
