import type { z } from "zod";
import { type Digest, digestOf } from "../../../oci/index.ts";
import { MAX_BYTES } from "../limits.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { readCanonical } from "./canonical.ts";
import { type Current, currentSchema, type Freshness, freshnessSchema } from "./freshness.ts";
import { indexSchema, type RepositoryIndex } from "./index-file.ts";
import { type Root, rootSchema } from "./root.ts";

interface Metadata {
  root: Root;
  index: RepositoryIndex;
  freshness: Freshness;
  current: Current;
}
export type MetadataType = keyof Metadata;

const SCHEMAS: { readonly [T in MetadataType]: z.ZodType<Metadata[T]> } = {
  root: rootSchema,
  index: indexSchema,
  freshness: freshnessSchema,
  current: currentSchema,
};

/** A file as it was received, and what it says. */
export interface Parsed<T extends MetadataType> {
  readonly kind: "parsed";
  readonly value: Metadata[T];
  readonly bytes: Uint8Array;
  /** Of the bytes. */
  readonly digest: Digest;
}

/** Metadata of one type, or why it is none: a file of another type is refused as such, whoever signed it. */
export function parseMetadata<T extends MetadataType>(type: T, bytes: Uint8Array, what: string): Parsed<T> | Refusal {
  const read = readCanonical(bytes, what, MAX_BYTES[type]);
  if (read.kind === "refused") return read;
  const found = typeof read.value === "object" && "type" in read.value ? read.value.type : undefined;
  if (found !== type) {
    const says = typeof found === "string" ? `of type ${JSON.stringify(found.slice(0, 40))}` : "of no type";
    return refusal("trust.wrong-type", `${what} is ${says}, not ${type}: a file was put in another's place`);
  }
  const result = SCHEMAS[type].safeParse(read.value);
  if (result.success) return { kind: "parsed", value: result.data, bytes, digest: digestOf(bytes) };
  const problems = result.error.issues.slice(0, 3).map(({ path, message }) => `${path.map(String).join(".") || "it"}: ${message}`);
  return refusal("trust.malformed-metadata", `${what} is no ${type}: ${problems.join("; ")}`);
}
