import { ByteReader, relativeTarPath, type TarEntry, textOf } from "../../system/index.ts";
import { type ArMember, malformedPackage, readAr, truncatedPackage } from "./ar-archive.ts";
import { checkFormat, type DebControlFile, type DebOptions, decompressed, nextMember, readControlFiles, tarEntries } from "./deb-members.ts";

/** A binary package, deb(5), read once from its start to its end. */
export interface DebFile {
  /** `control`, `md5sums`, `conffiles`, `postinst`, …: plain file names. */
  readonly control: ReadonlyMap<string, DebControlFile>;
  /** What is installed, in its order; no path and no hardlink's target leaves the root. To be read once; when it has ended, the source has been read to its end. */
  readonly data: AsyncIterable<TarEntry>;
}

/**
 * Hands a package to `use`, which may read its data. Afterwards the source is read to its end, so that one which checks a digest there does.
 * @throws RbuildError `package.malformed`, `package.truncated`, `package.limit-exceeded`, `tool.missing`, and whatever the source throws
 */
export async function withDeb<Result>(bytes: AsyncIterable<Uint8Array>, use: (deb: DebFile) => Promise<Result>, options: DebOptions = {}): Promise<Result> {
  await using reader = new ByteReader(bytes, truncatedPackage);
  const deb = await openDeb(reader, options);
  const result = await use(deb);
  await deb.finish();
  return result;
}

/** The control archive of a package, all of which is read. @throws as `withDeb` */
export async function readDebControl(bytes: AsyncIterable<Uint8Array>, options: DebOptions = {}): Promise<ReadonlyMap<string, DebControlFile>> {
  return withDeb(bytes, async ({ control }) => control, options);
}

/** What a package installs, in its order; when it ends, all of the package has been read. @throws as `withDeb` */
export async function* readDebData(bytes: AsyncIterable<Uint8Array>, options: DebOptions = {}): AsyncGenerator<TarEntry, void, undefined> {
  await using reader = new ByteReader(bytes, truncatedPackage);
  const deb = await openDeb(reader, options);
  yield* deb.data;
  await deb.finish();
}

async function openDeb(reader: ByteReader, options: DebOptions): Promise<DebFile & { readonly finish: () => Promise<void> }> {
  const members = readAr(reader);
  await checkFormat(members);
  const first = await nextMember(members, "control.tar");
  const control = await readControlFiles(first, decompressed(first, "control.tar", options));
  const second = await nextMember(members, "data.tar");
  const data = readData(second, decompressed(second, "data.tar", options));
  const finish = async (): Promise<void> => {
    await data.return();
    // What follows is for others; a data member that nobody read to its end must be whole all the same.
    await members.next();
    await reader.drain();
  };
  return { control, data, finish };
}

async function* readData(member: ArMember, tar: AsyncIterable<Buffer>): AsyncGenerator<TarEntry, void, undefined> {
  for await (const entry of tarEntries(member, tar)) {
    for (const path of entry.kind === "hardlink" ? [entry.path, entry.linkPath] : [entry.path]) {
      if (relativeTarPath(path) === undefined) throw malformedPackage(`its path ${JSON.stringify(textOf(path))} leaves the root`);
    }
    if (entry.kind === "other") throw malformedPackage(`${JSON.stringify(textOf(entry.path))} is of a kind that is not known`);
    yield entry;
  }
}
