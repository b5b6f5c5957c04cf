import { asBuffer, ByteReader, isRbuildError, isSystemError, RbuildError, readTar, relativeTarPath, type TarEntry, textOf } from "../../system/index.ts";
import { type ArMember, malformedPackage, readAr, truncatedPackage } from "./ar-archive.ts";
import { decompressMember } from "./decompress-member.ts";

/** What is taken from one package, decompressed, before it is given up. Bytes. */
export const DEB_LIMITS = { control: 64 * 2 ** 20, data: 32 * 2 ** 30 } as const;

export interface DebOptions {
  readonly signal?: AbortSignal;
  readonly limits?: Partial<Record<keyof typeof DEB_LIMITS, number>>;
}

/** A file of a package's control archive. */
export interface DebControlFile {
  readonly mode: number;
  readonly content: Buffer;
}

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
  const control = await readControl(await nextMember(members, "control.tar"), options);
  const data = readData(await nextMember(members, "data.tar"), options);
  const finish = async (): Promise<void> => {
    await data.return();
    // What follows is for others; a data member that nobody read to its end must be whole all the same.
    await members.next();
    await reader.drain();
  };
  return { control, data, finish };
}

async function nextMember(members: AsyncIterator<ArMember>, stem: string): Promise<ArMember> {
  for (;;) {
    const { value, done } = await members.next();
    if (done) throw malformedPackage(`it has no member ${stem}`);
    if (value.name === stem || value.name.startsWith(`${stem}.`)) return value;
    // Names with an underscore are for others.
    if (!value.name.startsWith("_")) throw malformedPackage(`it has ${value.name} where ${stem} must be`);
  }
}

async function checkFormat(members: AsyncIterator<ArMember>): Promise<void> {
  const member = await nextMember(members, "debian-binary");
  if (member.size > 4096) throw malformedPackage("debian-binary is too long");
  const text = Buffer.concat(await Array.fromAsync(member.body)).toString("latin1");
  if (!/^2\.[0-9]+\n/.test(text)) throw malformedPackage(`its format is ${JSON.stringify(text.slice(0, 20))}; 2.0 is known here`);
}

async function readControl(member: ArMember, options: DebOptions): Promise<ReadonlyMap<string, DebControlFile>> {
  const files = new Map<string, DebControlFile>();
  for await (const entry of tarEntries(member, "control.tar", options.limits?.control ?? DEB_LIMITS.control, options)) {
    const name = textOf(relativeTarPath(entry.path) ?? entry.path);
    if (entry.kind === "directory" && name === "") continue;
    if (entry.kind !== "file" || !/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(name)) throw malformedPackage(`its control archive has ${JSON.stringify(name)}`);
    if (files.has(name)) throw malformedPackage(`its control archive has two files ${name}`);
    files.set(name, { mode: entry.mode, content: Buffer.concat(await Array.fromAsync(entry.body)) });
  }
  if (!files.has("control")) throw malformedPackage("its control archive has no file control");
  return files;
}

async function* readData(member: ArMember, options: DebOptions): AsyncGenerator<TarEntry, void, undefined> {
  for await (const entry of tarEntries(member, "data.tar", options.limits?.data ?? DEB_LIMITS.data, options)) {
    for (const path of entry.kind === "hardlink" ? [entry.path, entry.linkPath] : [entry.path]) {
      if (relativeTarPath(path) === undefined) throw malformedPackage(`its path ${JSON.stringify(textOf(path))} leaves the root`);
    }
    if (entry.kind === "other") throw malformedPackage(`${JSON.stringify(textOf(entry.path))} is of a kind that is not known`);
    yield entry;
  }
}

async function* tarEntries(member: ArMember, stem: string, limit: number, options: DebOptions): AsyncGenerator<TarEntry, void, undefined> {
  const failure: { error?: Error } = {};
  const translate = (error: unknown) => {
    if (failure.error) return failure.error;
    return isOfContent(error) ? malformedPackage(`its member ${member.name} cannot be read: ${error.message}`, error) : error;
  };
  try {
    const entries = readTar(limited(decompressMember(member.name, stem, remembering(member.body, failure), options), member.name, limit));
    // A body is read by others, who get its errors.
    for await (const entry of entries) yield entry.size === 0 ? entry : { ...entry, body: translating(entry.body, translate) };
  } catch (error) {
    throw translate(error);
  }
}

async function* translating(body: AsyncIterable<Buffer>, translate: (error: unknown) => unknown): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw translate(error);
  }
}

/** What a decompressor or tar says of bytes that are not right. */
function isOfContent(error: unknown): error is Error {
  if (isRbuildError(error)) return error.code === "tool.failed" || error.code.startsWith("tar.");
  return isSystemError(error) && error.code?.startsWith("Z_") === true;
}

async function* limited(source: AsyncIterable<Uint8Array>, name: string, limit: number): AsyncGenerator<Buffer, void, undefined> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > limit) {
      throw new RbuildError("package.limit-exceeded", `the Debian package's ${name} unpacks to more than ${limit} bytes`, {
        category: "invalid",
        details: { name, limit },
      });
    }
    yield asBuffer(chunk);
  }
}

/** A stream that keeps what it threw, which wins over what a decompressor makes of it. */
async function* remembering(source: AsyncIterable<Uint8Array>, failure: { error?: Error }): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* source;
  } catch (error) {
    failure.error = error instanceof Error ? error : new Error(String(error));
    throw error;
  }
}
