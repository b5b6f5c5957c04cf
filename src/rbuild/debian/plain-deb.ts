import { open } from "node:fs/promises";
import { ByteReader, writeAll } from "../../system/index.ts";
import { readAr, truncatedPackage } from "./ar-archive.ts";
import { checkFormat, type DebControlFile, type DebOptions, decompressed, decompressInto, nextMember, readControlFiles } from "./deb-members.ts";

/** A binary package in a file, deb(5), whose two archives are the same bytes, not compressed. */
export interface PlainDeb {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly control: ReadonlyMap<string, DebControlFile>;
}

/** What the header of an ar(5) member can say. */
const MAX_MEMBER_BYTES = 9_999_999_999;
const HEADER_BYTES = 60;

/**
 * Decompresses a package into a new file, so that all who read it afterwards need not. The source is read to its end.
 * @throws as `withDeb`
 */
export async function writePlainDeb(source: AsyncIterable<Uint8Array>, path: string, options: DebOptions = {}): Promise<PlainDeb> {
  const limits = { data: MAX_MEMBER_BYTES, ...options.limits };
  await using reader = new ByteReader(source, truncatedPackage);
  await using file = await open(path, "wx", 0o600);
  const members = readAr(reader);
  await checkFormat(members);
  const first = await nextMember(members, "control.tar");
  const tar = Buffer.concat(await Array.fromAsync(decompressed(first, "control.tar", options)));
  const control = await readControlFiles(first, once(tar));
  const second = await nextMember(members, "data.tar");
  const head = Buffer.concat([Buffer.from("!<arch>\n"), arMember("debian-binary", Buffer.from("2.0\n")), arMember("control.tar", tar)]);
  const begin = head.byteLength + HEADER_BYTES;
  await file.writeFile(Buffer.concat([head, Buffer.alloc(HEADER_BYTES)]));
  const size = await decompressInto(file, begin, second, "data.tar", { ...options, limits });
  await writeAll(file.fd, arHeader("data.tar", size), head.byteLength);
  await writeAll(file.fd, Buffer.from("\n".repeat(size % 2)), begin + size);
  await members.next();
  await reader.drain();
  return { path, size: begin + size + (size % 2), control };
}

function arMember(name: string, body: Buffer): Buffer {
  return Buffer.concat([arHeader(name, body.byteLength), body, Buffer.from("\n".repeat(body.byteLength % 2))]);
}

function arHeader(name: string, size: number): Buffer {
  return Buffer.from([name.padEnd(16), "0".padEnd(12), "0".padEnd(6), "0".padEnd(6), "100644".padEnd(8), String(size).padEnd(10), "`\n"].join(""));
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}
