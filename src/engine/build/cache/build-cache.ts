import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { canonicalJson, type Digest, digestHex, digestOf, isDigest, type JsonValue, parseJson } from "../../../oci/index.ts";
import { isRbuildError, namesIn, readFileIfExists, writeFileAtomic } from "../../../system/index.ts";
import type { ContentStore } from "../../content/content-store.ts";

/** Raise it when equal instructions come to mean another layer. */
const CACHE_VERSION = 1;
const MAX_RECORD_BYTES = 16 * 1024;
const SUFFIX = ".json";

const recordSchema = z.object({
  /** RFC 3339: a step taken from the cache keeps the time it was made. */
  created: z.string(),
  /** Undefined: the step changed no files. */
  layer: z.object({ digest: z.custom<Digest>(isDigest), size: z.int().nonnegative() }).exactOptional(),
});

/** What a step came to. */
export type CachedStep = Readonly<z.infer<typeof recordSchema>>;

/** Names a step by everything its result depends on: the step before it, the instruction, and what that reads. */
export type StepKey = string & { readonly __brand: "StepKey" };

export function stepKey(parent: StepKey | undefined, parts: JsonValue): StepKey {
  return digestHex(digestOf(canonicalJson({ version: CACHE_VERSION, parent: parent ?? null, parts }))) as StepKey;
}

/**
 * Results of steps as `<root>/build-cache/<key>.json`. A record keeps no layer alive: a layer that is gone, or whose bytes are not what they
 * were, is a step to do again.
 */
export class BuildCache {
  readonly #directory: string;
  readonly #content: ContentStore;

  constructor(root: string, content: ContentStore) {
    this.#directory = join(root, "build-cache");
    this.#content = content;
  }

  async find(key: StepKey, options: { readonly signal?: AbortSignal } = {}): Promise<CachedStep | undefined> {
    const record = await this.#read(key);
    return record && (record.layer === undefined || (await this.#isSound(record.layer, options))) ? record : undefined;
  }

  async put(key: StepKey, step: CachedStep): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    await writeFileAtomic(join(this.#directory, `${key}${SUFFIX}`), canonicalJson(step), { sync: false });
  }

  /** Forgets steps whose layers are gone. */
  async prune(): Promise<void> {
    for (const name of await namesIn(this.#directory)) {
      if (!name.endsWith(SUFFIX)) continue;
      const layer = (await this.#read(name.slice(0, -SUFFIX.length) as StepKey))?.layer;
      if (layer && (await this.#content.stat(layer.digest)) === undefined) await rm(join(this.#directory, name), { force: true });
    }
  }

  async #read(key: StepKey): Promise<CachedStep | undefined> {
    const bytes = await readFileIfExists(join(this.#directory, `${key}${SUFFIX}`), MAX_RECORD_BYTES);
    try {
      return bytes && parseJson(recordSchema, bytes, "build cache record");
    } catch {
      return undefined;
    }
  }

  async #isSound(layer: NonNullable<CachedStep["layer"]>, options: { readonly signal?: AbortSignal }): Promise<boolean> {
    try {
      for await (const _ of this.#content.open(layer, options));
      return true;
    } catch (error) {
      if (isRbuildError(error) && error.code.startsWith("content.")) return false;
      throw error;
    }
  }
}
