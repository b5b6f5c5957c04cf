import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type Digest, digestHex } from "../../../oci/index.ts";
import { isSystemError, lock, namesIn, writeFileAtomic } from "../../../system/index.ts";
import { readCanonical, writeCanonical } from "../format/canonical.ts";
import { digestField, fingerprintField, repositoryField, timeField, versionField } from "../format/fields.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { openDirectorySource } from "./directory-source.ts";
import type { MetadataSource } from "./metadata-source.ts";

const seenSchema = z.strictObject({
  version: versionField,
  sha256: digestField,
  /** Of the role when it was seen. Once one of them is gone, what they signed is forgotten: TUF specification, 5.3.11. */
  keys: z.array(fingerprintField).max(32),
});

const stateSchema = z.strictObject({
  type: z.literal("trust-state"),
  formatVersion: z.literal(1),
  repository: repositoryField,
  /** Digests of all roots from version 1. */
  roots: z.array(digestField).min(1).max(100_000),
  freshness: seenSchema.exactOptional(),
  index: seenSchema.exactOptional(),
  /** The latest time that signed metadata has proved. */
  newestTime: timeField,
});

/** The newest of everything that this client has seen of one repository. */
export type TrustState = Readonly<z.infer<typeof stateSchema>>;
export type Seen = NonNullable<TrustState["index"]>;
const MAX_STATE_BYTES = 16 * 1024 * 1024;
const STATE = "state.json";

/** What a client remembers of one repository: its state, and the metadata that it accepted, in the repository's own layout. */
export interface TrustStore extends AsyncDisposable {
  readonly kept: MetadataSource;
  load(): Promise<TrustState | undefined | Refusal>;
  /** Old or new, however the process ends. */
  save(state: TrustState): Promise<void>;
  /** Keeps an accepted file; before the state that speaks of it. */
  keep(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes kept files of a directory but those named, which are asked for only where there are any. */
  retain(directory: string, names: Iterable<string>): Promise<void>;
}

/**
 * Opens the memory of the repository whose first root has the digest `origin`, and holds its lock.
 * @param stateDirectory the product's; `trust/<hex>` in it is used
 */
export async function openTrustStore(stateDirectory: string, origin: Digest, options: { readonly signal?: AbortSignal } = {}): Promise<TrustStore> {
  const directory = directoryOf(stateDirectory, origin);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const held = await lock(join(directory, "lock"), options);
  return {
    ...remembered(directory),
    async save(state) {
      await writeFileAtomic(join(directory, STATE), writeCanonical(state), { mode: 0o600 });
    },
    async keep(path, bytes) {
      await mkdir(dirname(join(directory, path)), { recursive: true, mode: 0o700 });
      await writeFileAtomic(join(directory, path), bytes, { mode: 0o600 });
    },
    async retain(name, names) {
      const present = await namesIn(join(directory, name));
      if (present.length === 0) return;
      const stay = new Set(names);
      for (const file of present) if (!stay.has(file)) await rm(join(directory, name, file), { force: true });
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

/**
 * The same memory for who only looks: nothing lasts of what is seen meanwhile. To who may not read it, it is as on the first day, so
 * nothing may be fetched on its word.
 */
export async function viewTrustStore(stateDirectory: string, origin: Digest): Promise<TrustStore> {
  const { kept, load } = remembered(directoryOf(stateDirectory, origin));
  const ifReadable = <T, Otherwise>(result: Promise<T>, otherwise: Otherwise) =>
    result.catch((error: unknown) => {
      if (isSystemError(error, "EACCES")) return otherwise;
      throw error;
    });
  return {
    kept: { name: kept.name, read: (path, maxBytes) => ifReadable(kept.read(path, maxBytes), { kind: "absent" as const }) },
    load: () => ifReadable(load(), undefined),
    async save() {},
    async keep() {},
    async retain() {},
    async [Symbol.asyncDispose]() {},
  };
}

const directoryOf = (stateDirectory: string, origin: Digest): string => join(stateDirectory, "trust", digestHex(origin));

function remembered(directory: string): Pick<TrustStore, "kept" | "load"> {
  const kept = openDirectorySource(directory);
  return {
    kept,
    async load() {
      const received = await kept.read(STATE, MAX_STATE_BYTES);
      return received.kind === "absent" ? undefined : received.kind === "too-large" ? damaged("it is too large") : parseState(received.bytes);
    },
  };

  function parseState(bytes: Uint8Array): TrustState | Refusal {
    const read = readCanonical(bytes, "it", MAX_STATE_BYTES);
    if (read.kind === "refused") return damaged(read.message);
    const result = stateSchema.safeParse(read.value);
    return result.success ? result.data : damaged(result.error.issues[0]?.message ?? "it has another form");
  }

  /** Never taken for a first use: that would be a way around everything that is remembered. */
  function damaged(why: string): Refusal {
    return refusal("trust.state-damaged", `${join(directory, STATE)} cannot be read: ${why}`, {
      hint: `if you know why, remove ${directory}; older versions are then not recognised as such`,
    });
  }
}
