import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { attributesOf, deviceOf, type FileOverrides, linkTargetOf } from "./file-metadata.ts";
import type { SourceFile } from "./source-tree.ts";

/** Read at once: a stream costs more than it saves. */
const SMALL_BYTES = 256 * 1024;

/** SHA-256 over names, kinds, modes, owners, extended attributes and bytes of files; their times are left out. */
export async function treeDigest(files: Iterable<SourceFile>, options: { readonly overrides: FileOverrides; readonly signal?: AbortSignal }): Promise<string> {
  const tree = createHash("sha256");
  for (const file of files) {
    options.signal?.throwIfAborted();
    const { stat } = file;
    const { mode, uid, gid, xattrs } = attributesOf(file, options.overrides);
    const attributes = [...(xattrs ?? [])].map(([name, value]) => [name, Buffer.from(value).toString("hex")]);
    tree.update(`${JSON.stringify([file.path, Number(stat.mode >> 12n), mode, uid, gid, attributes, await contentOf(file, options.signal)])}\n`);
  }
  return tree.digest("hex");
}

async function contentOf(file: SourceFile, signal: AbortSignal | undefined): Promise<unknown> {
  const { stat } = file;
  if (stat.isFile() && stat.size <= SMALL_BYTES) return createHash("sha256").update(readFileSync(file.absolute)).digest("hex");
  if (stat.isFile()) return await fileDigest(file.absolute, signal);
  if (stat.isSymbolicLink()) return linkTargetOf(file);
  return stat.isCharacterDevice() || stat.isBlockDevice() ? deviceOf(stat) : null;
}

async function fileDigest(path: Buffer, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), hash, signal ? { signal } : {});
  return hash.digest("hex");
}
