import { RbuildError } from "../../../system/index.ts";
import { type ByteString, byteString, relativeTarPath, type TarEntry, type TarInput, tarHeader, textOf } from "../../../system/tar/index.ts";
import { withDeb } from "../../debian/deb-file.ts";
import type { DebianArchitecture } from "../../lock/image-lock.ts";
import type { Pool } from "../../pool/pool.ts";
import { mergedDirectories, mergedPath } from "../packages/merged-usr.ts";
import type { PackageFacts } from "../packages/package-facts.ts";
import { ancestorsOf, type Tree } from "../rootfs/tree.ts";

export interface UnpackOptions {
  readonly architecture: DebianArchitecture;
  /** Of directories that no package brings. Seconds since 1970. */
  readonly sourceDateEpoch: number;
  /** What the packages come on top of: directories of it stay as they are, files of it are replaced. */
  readonly below?: Tree;
  /** Called after each package. */
  readonly unpacked?: (facts: PackageFacts) => void;
  readonly signal?: AbortSignal;
}

/** A path that a package brought: its own spelling, which dpkg knows it by. */
export type BroughtPaths = Map<PackageFacts, string[]>;

/**
 * The files of packages as the members of one archive, on a merged /usr: a top directory that something lies in becomes a link. Every directory comes once, before what is in it; of a path that
 * two packages bring, the first has it.
 * @param packages in `unpackOrder`
 * @param brought gets each package's paths, in its order
 * @throws RbuildError `image.file-conflict`, and those of `withDeb` and the pool
 */
export async function* unpackPackages(
  packages: readonly PackageFacts[],
  pool: Pick<Pool, "read">,
  options: UnpackOptions,
  brought: BroughtPaths = new Map(),
): AsyncGenerator<TarInput, void, undefined> {
  const layout = new Layout(options);
  for (const facts of packages) {
    options.signal?.throwIfAborted();
    const paths: string[] = [];
    brought.set(facts, paths);
    yield* membersOf(facts, pool, layout, paths, options);
    options.unpacked?.(facts);
  }
}

/** `withDeb` hands a package to a function; a generator needs it as a stream: entries go through one by one. */
async function* membersOf(
  facts: PackageFacts,
  pool: Pick<Pool, "read">,
  layout: Layout,
  paths: string[],
  { signal }: UnpackOptions,
): AsyncGenerator<TarInput, void, undefined> {
  const turn = new Turns<TarInput>();
  const reading = withDeb(
    pool.read(facts.locked),
    async ({ data }) => {
      for await (const entry of data) {
        const path = relativeTarPath(entry.path);
        if (path === undefined) throw new TypeError("withDeb lets no path leave the root");
        paths.push(path === "" ? "/." : `/${textOf(path)}`);
        if (path !== "") for (const member of layout.place(path, entry, facts)) await turn.give(member);
      }
    },
    signal === undefined ? {} : { signal },
  );
  reading.then(
    () => turn.end(),
    () => turn.end(),
  );
  try {
    yield* turn;
  } finally {
    turn.leave();
    await reading;
  }
}

/** Hands members from who reads a package to who writes the archive, one at a time: a body must be read before the next one comes. */
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

/** What lies where so far. */
class Layout {
  readonly #aliases: ReadonlySet<ByteString>;
  readonly #made = new Set<ByteString>();
  readonly #owners = new Map<ByteString, { readonly facts: PackageFacts | undefined; readonly isDirectory: boolean }>();
  readonly #time: { readonly seconds: number; readonly nanoseconds: 0 };

  constructor({ architecture, sourceDateEpoch, below = new Map() }: UnpackOptions) {
    this.#aliases = new Set(mergedDirectories(architecture));
    for (const alias of this.#aliases) if (below.get(alias)?.kind === "symlink") this.#made.add(alias);
    for (const [path, { kind }] of below) if (kind === "directory") this.#owners.set(path, { facts: undefined, isDirectory: true });
    this.#time = { seconds: sourceDateEpoch, nanoseconds: 0 };
  }

  /** The members that a package's entry becomes: none when its path is there, and the directories and aliases that are still missing. */
  *place(path: ByteString, entry: TarEntry, facts: PackageFacts): Generator<TarInput> {
    if (this.#aliases.has(path) && entry.kind === "symlink") {
      yield* this.#alias(path);
      return;
    }
    const top = path.split("/", 1)[0] as ByteString;
    if (this.#aliases.has(top)) yield* this.#alias(top);
    const place = mergedPath(path, this.#aliases);
    for (const directory of ancestorsOf(place)) yield* this.#directory(directory);
    const isDirectory = entry.kind === "directory";
    const there = this.#owners.get(place);
    if (there) {
      if (isDirectory && there.isDirectory) return;
      if (there.facts?.replaces.includes(facts.name)) return;
      throw conflict(place, there.facts, facts);
    }
    this.#owners.set(place, { facts, isDirectory });
    const member = { ...entry, path: (isDirectory ? `${place}/` : place) as ByteString };
    if (entry.kind !== "hardlink") yield member;
    else yield { ...member, linkPath: mergedPath(relativeTarPath(entry.linkPath) ?? entry.linkPath, this.#aliases) };
  }

  *#alias(alias: ByteString): Generator<TarInput> {
    if (this.#made.has(alias)) return;
    this.#made.add(alias);
    const target = `usr/${alias}` as ByteString;
    yield* this.#directory(byteString("usr"));
    yield* this.#directory(target);
    yield tarHeader({ path: alias, kind: "symlink", mode: 0o777, mtime: this.#time, linkPath: target });
  }

  *#directory(path: ByteString): Generator<TarInput> {
    if (this.#owners.has(path)) return;
    this.#owners.set(path, { facts: undefined, isDirectory: true });
    yield tarHeader({ path: `${path}/` as ByteString, kind: "directory", mode: 0o755, mtime: this.#time });
  }
}

function conflict(path: ByteString, first: PackageFacts | undefined, second: PackageFacts): RbuildError {
  const [one, other] = [first?.name ?? "a directory", second.name];
  return new RbuildError("image.file-conflict", `/${textOf(path)} is in ${one} and in ${other}, and neither replaces the other's files`, {
    category: "invalid",
    hint: "leave one of the packages out",
    details: { path: textOf(path), packages: [one, other] },
  });
}
