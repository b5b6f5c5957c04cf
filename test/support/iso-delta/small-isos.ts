import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { type Digest, digestOf } from "../../../src/oci/index.ts";

export const COMPRESSIONS = {
  zstd: ["-comp", "zstd", "-Xcompression-level", "6"],
  xz: ["-comp", "xz", "-Xbcj", "x86"],
  gzip: ["-comp", "gzip"],
  lz4: ["-comp", "lz4", "-Xhc"],
  lzo: ["-comp", "lzo"],
} as const;
export type Compression = keyof typeof COMPRESSIONS;

export interface IsoFile {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

/** Text of the same letters for the same name: it can be compressed, and two of them are not alike. */
function text(name: string, size: number): Buffer {
  const words: string[] = [];
  for (let index = 0; index * 64 < size; index++) words.push(createHash("sha256").update(`${name} ${index}`).digest("hex"));
  return Buffer.from(words.join("")).subarray(0, size);
}

/** What lies before and behind the squashfs of an ISO; in sectors, of which one is another in each version. */
const raw = (name: string, version: number): Buffer => Buffer.concat([text(name, 30 * 2048), text(`${name} ${version}`, 2048)]);

/**
 * Files that are arranged as an ISO is: sectors, a squashfs of 40 files, sectors. Of each `version` two files differ: a large one in its
 * middle, and a small one.
 */
export async function smallIso(path: string, version: number, compression: Compression = "zstd"): Promise<IsoFile> {
  const tree = join(`${path}.tree`);
  for (let index = 0; index < 40; index++) {
    const body = text(`file ${index}`, index % 20 === 0 ? 300_000 : 500 + index * 217);
    if (index === 20) body.write(`version ${version} of this`, 200_000);
    await put(join(tree, `directory-${index % 7}`, `file-${index}`), index === 33 ? Buffer.concat([body, Buffer.from("more".repeat(version))]) : body);
  }
  const squashfs = `${path}.squashfs`;
  const options = ["-noappend", "-no-progress", "-quiet", "-all-root", "-mkfs-time", "1700000000", "-all-time", String(1_700_000_000 + version)];
  await execa("mksquashfs", [tree, squashfs, ...options, ...COMPRESSIONS[compression]]);
  const bytes = Buffer.concat([raw("boot", version), await readFile(squashfs), raw("end", version)]);
  await writeFile(path, bytes);
  return { path, digest: digestOf(bytes), size: bytes.byteLength };
}

async function put(path: string, body: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, body);
}
