import { isRbuildError } from "../../../system/index.ts";
import { relativeTarPath, type TarEntry, type TarHeader } from "../../../system/tar/index.ts";
import { readDebData } from "../../debian/deb-file.ts";
import type { Pool } from "../../pool/pool.ts";
import type { PackageFacts } from "../packages/package-facts.ts";

/** A member of a package's data: a path relative to the root, empty for the root itself. */
export interface PackageMember {
  readonly entry: TarHeader;
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface OpenPackage {
  readonly facts: PackageFacts;
  /** Each body is to be read before the next member is asked for. */
  readonly members: AsyncIterable<PackageMember> | Iterable<PackageMember>;
}

/** A package of up to so many bytes is read whole while those before it are still in use. */
const SMALL = 8 * 1024 * 1024;
/** What a small package may have, unpacked. */
const SMALL_DATA = 128 * 1024 * 1024;
/** Packages read at once. */
const AHEAD = 3;

/** Opens packages in their order, small ones ahead of their turn: decompressors then work side by side. */
export async function* openPackages(
  packages: readonly PackageFacts[],
  pool: Pick<Pool, "read">,
  options: { readonly signal?: AbortSignal },
): AsyncGenerator<OpenPackage, void, undefined> {
  const begun: Promise<OpenPackage>[] = [];
  let next = 0;
  try {
    while (next < packages.length || begun.length > 0) {
      for (; next < packages.length && begun.length < AHEAD; next++) {
        const facts = packages[next];
        if (!facts) continue;
        const opened = open(facts, pool, options);
        opened.catch(() => undefined);
        begun.push(opened);
      }
      const first = await begun.shift();
      options.signal?.throwIfAborted();
      if (first) yield first;
    }
  } finally {
    await Promise.allSettled(begun);
  }
}

async function open(facts: PackageFacts, pool: Pick<Pool, "read">, options: { readonly signal?: AbortSignal }): Promise<OpenPackage> {
  try {
    if (facts.locked.size <= SMALL) return await readWhole(facts, pool, options);
  } catch (error) {
    // It unpacks to more than is held in memory.
    if (!isRbuildError(error, "package.limit-exceeded")) throw error;
  }
  return { facts, members: streamMembers(facts, pool, options) };
}

async function readWhole(facts: PackageFacts, pool: Pick<Pool, "read">, options: { readonly signal?: AbortSignal }): Promise<OpenPackage> {
  const members: PackageMember[] = [];
  for await (const entry of readDebData(pool.read(facts.locked), { ...options, limits: { data: SMALL_DATA } })) {
    members.push({ entry: headerOf(entry), body: entry.size === 0 ? [] : await Array.fromAsync(entry.body) });
  }
  return { facts, members };
}

async function* streamMembers(facts: PackageFacts, pool: Pick<Pool, "read">, options: { readonly signal?: AbortSignal }): AsyncGenerator<PackageMember> {
  for await (const entry of readDebData(pool.read(facts.locked), options)) yield { entry: headerOf(entry), body: entry.body };
}

function headerOf({ body: _body, ...entry }: TarEntry): TarHeader {
  const path = relativeTarPath(entry.path);
  if (path === undefined) throw new TypeError("readDebData lets no path leave the root");
  return { ...entry, path };
}
