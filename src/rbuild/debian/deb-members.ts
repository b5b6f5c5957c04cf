import { fstatSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { asBuffer, isRbuildError, isSystemError, RbuildError, readTar, relativeTarPath, type TarEntry, textOf } from "../../system/index.ts";
import { type ArMember, malformedPackage } from "./ar-archive.ts";
import { decompressMember, decompressMemberInto } from "./decompress-member.ts";
import { watch } from "./watch.ts";

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

/** The tar archive in a member, decompressed. `stem` is `control.tar` or `data.tar`. @throws RbuildError `package.malformed`, `package.limit-exceeded` */
export async function* decompressed(member: ArMember, stem: keyof typeof LIMIT_OF, options: DebOptions): AsyncGenerator<Buffer, void, undefined> {
  const failure: { error?: Error } = {};
  try {
    const limit = limitOf(stem, options);
    let size = 0;
    for await (const chunk of decompressMember(member.name, stem, remembering(member.body, failure), decompression(member, options))) {
      size += chunk.byteLength;
      if (size > limit) throw limitExceeded(member, limit);
      yield asBuffer(chunk);
    }
  } catch (error) {
    throw failure.error ?? explained(member, error);
  }
}

/**
 * As `decompressed`, into a file from where its offset is. @param begin that offset
 * @returns bytes written
 */
export async function decompressInto(file: FileHandle, begin: number, member: ArMember, stem: keyof typeof LIMIT_OF, options: DebOptions): Promise<number> {
  const failure: { error?: Error } = {};
  const limit = limitOf(stem, options);
  const written = () => {
    const size = fstatSync(file.fd).size - begin;
    if (size > limit) throw limitExceeded(member, limit);
    return size;
  };
  // Gigabytes may come out of the little that a program has taken.
  using watched = watch(written);
  const signal = options.signal ? AbortSignal.any([options.signal, watched.signal]) : watched.signal;
  try {
    await decompressMemberInto(file, member.name, stem, remembering(member.body, failure), decompression(member, { signal }));
    return written();
  } catch (error) {
    throw failure.error ?? explained(member, error);
  }
}

/** @param tar the member's archive, decompressed */
export async function* tarEntries(member: ArMember, tar: AsyncIterable<Buffer>): AsyncGenerator<TarEntry, void, undefined> {
  try {
    // A body is read by others, who get its errors.
    for await (const entry of readTar(tar)) yield entry.size === 0 ? entry : { ...entry, body: translating(entry.body, (error) => explained(member, error)) };
  } catch (error) {
    throw explained(member, error);
  }
}

async function* translating(body: AsyncIterable<Buffer>, translate: (error: unknown) => unknown): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw translate(error);
  }
}

const explained = (member: ArMember, error: unknown): unknown =>
  isOfContent(error) ? malformedPackage(`its member ${member.name} cannot be read: ${error.message}`, error) : error;

/** The next member that is not for others. */
export async function nextMember(members: AsyncIterator<ArMember>, stem: string): Promise<ArMember> {
  for (;;) {
    const { value, done } = await members.next();
    if (done) throw malformedPackage(`it has no member ${stem}`);
    if (value.name === stem || value.name.startsWith(`${stem}.`)) return value;
    // Names with an underscore are for others.
    if (!value.name.startsWith("_")) throw malformedPackage(`it has ${value.name} where ${stem} must be`);
  }
}

export async function checkFormat(members: AsyncIterator<ArMember>): Promise<void> {
  const member = await nextMember(members, "debian-binary");
  if (member.size > 4096) throw malformedPackage("debian-binary is too long");
  const text = Buffer.concat(await Array.fromAsync(member.body)).toString("latin1");
  if (!/^2\.[0-9]+\n/.test(text)) throw malformedPackage(`its format is ${JSON.stringify(text.slice(0, 20))}; 2.0 is known here`);
}

/** @param tar the control archive, decompressed */
export async function readControlFiles(member: ArMember, tar: AsyncIterable<Buffer>): Promise<ReadonlyMap<string, DebControlFile>> {
  const files = new Map<string, DebControlFile>();
  for await (const entry of tarEntries(member, tar)) {
    const name = textOf(relativeTarPath(entry.path) ?? entry.path);
    if (entry.kind === "directory" && name === "") continue;
    if (entry.kind !== "file" || !/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(name)) throw malformedPackage(`its control archive has ${JSON.stringify(name)}`);
    if (files.has(name)) throw malformedPackage(`its control archive has two files ${name}`);
    files.set(name, { mode: entry.mode, content: Buffer.concat(await Array.fromAsync(entry.body)) });
  }
  if (!files.has("control")) throw malformedPackage("its control archive has no file control");
  return files;
}

/** What a decompressor or tar says of bytes that are not right. */
function isOfContent(error: unknown): error is Error {
  if (isRbuildError(error)) return error.code === "tool.failed" || error.code.startsWith("tar.");
  return isSystemError(error) && error.code?.startsWith("Z_") === true;
}

const LIMIT_OF = { "control.tar": "control", "data.tar": "data" } as const;
const limitOf = (stem: keyof typeof LIMIT_OF, { limits }: DebOptions): number => limits?.[LIMIT_OF[stem]] ?? DEB_LIMITS[LIMIT_OF[stem]];
const decompression = ({ size }: ArMember, { signal }: DebOptions) => ({ size, ...(signal === undefined ? {} : { signal }) });

const limitExceeded = ({ name }: ArMember, limit: number): RbuildError =>
  new RbuildError("package.limit-exceeded", `the Debian package's ${name} unpacks to more than ${limit} bytes`, {
    category: "invalid",
    details: { name, limit },
  });

/** A stream that keeps what it threw, which wins over what a decompressor makes of it. */
async function* remembering(source: AsyncIterable<Uint8Array>, failure: { error?: Error }): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* source;
  } catch (error) {
    failure.error = error instanceof Error ? error : new Error(String(error));
    throw error;
  }
}
