import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { type Digest, digestFromHex } from "../../../src/oci/index.ts";
import type { BlobFile, DeltaFile } from "../../../src/rbuild/repository/delta/delta.ts";
import { byteString, type TarInput, tarHeader, writeTar } from "../../../src/system/index.ts";

/** Bytes that look the same for the same name and cannot be compressed much. */
function content(name: string, size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; index * 32 < size; index++) blocks.push(createHash("sha256").update(`${name} ${index}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}

/** A tar like a layer's: `files` files of 1 to 40 kB; every hundredth is another in each `version`, and one is of that version alone. */
export async function layerFile(path: string, version: number, files = 200): Promise<BlobFile> {
  const entries: TarInput[] = [];
  const add = (name: string, body: Buffer) =>
    entries.push({ ...tarHeader({ path: byteString(name), kind: "file", mode: 0o644, size: body.byteLength }), body: [body] });
  for (let index = 0; index < files; index++) {
    const name = `usr/lib/file-${String(index).padStart(5, "0")}`;
    const body = content(name, 1000 + ((index * 7919) % 39_000));
    if (index % 100 === 0) body.write(`version ${version}`, 100);
    add(name, index % 100 === 0 ? Buffer.concat([body, Buffer.from(`and ${version}`.repeat(version))]) : body);
  }
  add(`usr/share/release-${version}`, content(`release ${version}`, 3000));
  return blobFile(path, Buffer.concat(await Array.fromAsync(writeTar(entries))));
}

export async function blobFile(path: string, bytes: Uint8Array): Promise<BlobFile> {
  await writeFile(path, bytes);
  return { path, digest: digestOfBytes(bytes), size: bytes.byteLength };
}

/** What an index would say of a delta file, whatever its bytes are. */
export async function deltaFile(path: string, bytes: Uint8Array): Promise<Pick<DeltaFile, "path" | "size" | "sha256">> {
  await writeFile(path, bytes);
  return { path, size: bytes.byteLength, sha256: digestOfBytes(bytes) };
}

export async function isSameFile(one: string, other: string): Promise<boolean> {
  return (await readFile(one)).equals(await readFile(other));
}

export const randomBlob = (path: string, size: number): Promise<BlobFile> => blobFile(path, randomBytes(size));

const digestOfBytes = (bytes: Uint8Array): Digest => digestFromHex(createHash("sha256").update(bytes).digest("hex"));
