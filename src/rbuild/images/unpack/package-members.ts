import { relativeTarPath, type TarEntry, type TarHeader } from "../../../system/tar/index.ts";
import { withDeb } from "../../debian/deb-file.ts";
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
        const opened = facts.locked.size > SMALL ? Promise.resolve({ facts, members: streamMembers(facts, pool, options) }) : readWhole(facts, pool, options);
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

async function readWhole(facts: PackageFacts, pool: Pick<Pool, "read">, options: { readonly signal?: AbortSignal }): Promise<OpenPackage> {
  const members: PackageMember[] = [];
  await withDeb(
    pool.read(facts.locked),
    async ({ data }) => {
      for await (const entry of data) members.push({ entry: headerOf(entry), body: entry.size === 0 ? [] : await Array.fromAsync(entry.body) });
    },
    { ...options, limits: { data: SMALL_DATA } },
  );
  return { facts, members };
}

/** `withDeb` hands a package to a function; here it must be a stream. */
async function* streamMembers(facts: PackageFacts, pool: Pick<Pool, "read">, options: { readonly signal?: AbortSignal }): AsyncGenerator<PackageMember> {
  const turns = new Turns<PackageMember>();
  const reading = withDeb(
    pool.read(facts.locked),
    async ({ data }) => {
      for await (const entry of data) await turns.give({ entry: headerOf(entry), body: entry.body });
    },
    options,
  );
  reading.then(
    () => turns.end(),
    () => turns.end(),
  );
  try {
    yield* turns;
  } finally {
    turns.leave();
    await reading;
  }
}

function headerOf({ body: _body, ...entry }: TarEntry): TarHeader {
  const path = relativeTarPath(entry.path);
  if (path === undefined) throw new TypeError("withDeb lets no path leave the root");
  return { ...entry, path };
}

/** Hands values from who makes them to who takes them, one at a time: the next is made when the last is done with. */
class Turns<T> implements AsyncIterable<T> {
  #offered = Promise.withResolvers<T | undefined>();
  #taken = Promise.withResolvers<void>();
  #hasLeft = false;

  async give(value: T): Promise<void> {
    if (this.#hasLeft) return;
    this.#offered.resolve(value);
    await this.#taken.promise;
    this.#taken = Promise.withResolvers();
  }

  end(): void {
    this.#offered.resolve(undefined);
  }

  leave(): void {
    this.#hasLeft = true;
    this.#taken.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const value = await this.#offered.promise;
      if (value === undefined) return;
      this.#offered = Promise.withResolvers();
      yield value;
      this.#taken.resolve();
    }
  }
}
