import { constants } from "node:fs";
import type { ByteString } from "../../../system/index.ts";
import { attributesOf, deviceOf, type FileOverrides, linkTargetOf } from "./file-metadata.ts";
import type { RootWriter } from "./root-writer.ts";
import type { SourceFile } from "./source-tree.ts";

/** Copies files as `SourceTree.walk` yields them to `destination`; hardlinks among them stay hardlinks. */
export async function copyTree(
  files: Iterable<SourceFile>,
  writer: RootWriter,
  destination: ByteString,
  options: { readonly overrides: FileOverrides; readonly signal?: AbortSignal },
): Promise<void> {
  const links = new Map<string, ByteString>();
  for (const file of files) {
    options.signal?.throwIfAborted();
    const target = (file.path === "" ? destination : destination === "" ? file.path : `${destination}/${file.path}`) as ByteString;
    const inode = `${file.stat.dev}:${file.stat.ino}`;
    const existing = file.stat.isDirectory() || file.stat.nlink < 2n ? undefined : links.get(inode);
    if (existing !== undefined) {
      writer.hardlink(target, existing);
      continue;
    }
    await copyFile(file, writer, target, options.overrides);
    if (!file.stat.isDirectory()) links.set(inode, target);
  }
}

async function copyFile(file: SourceFile, writer: RootWriter, target: ByteString, overrides: FileOverrides): Promise<void> {
  const { stat } = file;
  const attributes = attributesOf(file, overrides);
  if (stat.isDirectory()) writer.directory(target, attributes);
  else if (stat.isFile()) await writer.file(target, attributes, { kind: "copy", source: file.absolute });
  else if (stat.isSymbolicLink()) writer.symlink(target, linkTargetOf(file), attributes);
  else if (stat.isFIFO()) writer.node(target, constants.S_IFIFO, { major: 0, minor: 0 }, attributes);
  else if (stat.isCharacterDevice()) writer.node(target, constants.S_IFCHR, deviceOf(stat), attributes);
  else if (stat.isBlockDevice()) writer.node(target, constants.S_IFBLK, deviceOf(stat), attributes);
}
