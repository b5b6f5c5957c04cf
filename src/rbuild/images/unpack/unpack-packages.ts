import { createReadStream } from "node:fs";
import { RbuildError } from "../../../system/index.ts";
import { type ByteString, byteString, relativeTarPath, type TarHeader, type TarInput, tarHeader, textOf } from "../../../system/tar/index.ts";
import { readDebData } from "../../debian/deb-file.ts";
import type { DebianArchitecture } from "../../lock/image-lock.ts";
import { mergedDirectories, mergedPath } from "../packages/merged-usr.ts";
import type { PackageFacts } from "../packages/package-facts.ts";
import type { PlainPackage } from "../packages/read-packages.ts";
import { ancestorsOf, type Tree } from "../rootfs/tree.ts";

const CHUNK = 256 * 1024;

export interface UnpackOptions {
  readonly architecture: DebianArchitecture;
  /** Of directories that no package brings. Seconds since 1970. */
  readonly sourceDateEpoch: number;
  /** What the packages come on top of: directories of it stay as they are, files of it are replaced. */
  readonly below?: Tree;
  /** What comes after the packages, given which paths each brought. */
  readonly after?: (brought: BroughtPaths) => Iterable<TarInput>;
  readonly signal?: AbortSignal;
}

/** A path that a package brought: its own spelling, which dpkg knows it by. */
export type BroughtPaths = ReadonlyMap<PackageFacts, readonly string[]>;

/**
 * The files of packages as the members of one archive, on a merged /usr: a top directory that something lies in becomes a link. Every
 * directory comes once, before what is in it; of a path that two packages bring, the first has it.
 * @param packages in `unpackOrder`
 * @throws RbuildError `image.file-conflict`, and those of `withDeb`
 */
export async function* unpackPackages(packages: readonly PlainPackage[], options: UnpackOptions): AsyncGenerator<TarInput, void, undefined> {
  const layout = new Layout(options);
  const brought = new Map<PackageFacts, string[]>();
  for (const { facts, deb } of packages) {
    options.signal?.throwIfAborted();
    const paths: string[] = [];
    brought.set(facts, paths);
    for await (const { body, ...entry } of readDebData(createReadStream(deb.path, { highWaterMark: CHUNK }))) {
      const path = relativeTarPath(entry.path);
      if (path === undefined) throw new TypeError("readDebData lets no path leave the root");
      paths.push(path === "" ? "/." : `/${textOf(path)}`);
      if (path !== "") for (const member of layout.place({ ...entry, path }, facts)) yield member.kind === "file" ? { ...member, body } : member;
    }
  }
  for (const member of options.after?.(brought) ?? []) {
    yield* layout.above(member.path);
    yield member;
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
  *place(entry: TarHeader, facts: PackageFacts): Generator<TarHeader> {
    const { path } = entry;
    if (this.#aliases.has(path) && entry.kind === "symlink") {
      yield* this.#alias(path);
      return;
    }
    const top = path.split("/", 1)[0] as ByteString;
    if (this.#aliases.has(top)) yield* this.#alias(top);
    const place = mergedPath(path, this.#aliases);
    yield* this.above(place);
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

  /** The directories that a path lies in, as far as they are missing. */
  *above(path: ByteString): Generator<TarHeader> {
    for (const directory of ancestorsOf(path)) yield* this.#directory(directory);
  }

  *#alias(alias: ByteString): Generator<TarHeader> {
    if (this.#made.has(alias)) return;
    this.#made.add(alias);
    const target = `usr/${alias}` as ByteString;
    yield* this.#directory(byteString("usr"));
    yield* this.#directory(target);
    yield tarHeader({ path: alias, kind: "symlink", mode: 0o777, mtime: this.#time, linkPath: target });
  }

  *#directory(path: ByteString): Generator<TarHeader> {
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
