import { constants } from "node:fs";
import {
  type ByteString,
  bytesOf,
  expandSparse,
  fileSize,
  isEntryRefusal,
  PAX_XATTR,
  RbuildError,
  readTar,
  relativeTarPath,
  type TarEntry,
  textOf,
} from "../../../system/index.ts";
import { type FileAttributes, parentOf, type RootWriter } from "./root-writer.ts";

export interface UnpackOptions {
  /** Every file belongs to it; undefined: whom the archive names. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Bytes of content that are taken at most. */
  readonly maxBytes: number;
  /** Called in errors: `the build context`, an archive's name. */
  readonly what: string;
  readonly signal?: AbortSignal;
}

/**
 * Unpacks an archive into a directory of the writer's root. An entry whose path is absolute or climbs is refused.
 * @throws RbuildError `build.unsafe-archive`, `build.unusable-entry`, `build.too-large`, `tar.malformed`, `tar.truncated`
 */
export async function unpackTar(tar: AsyncIterable<Uint8Array>, writer: RootWriter, directory: ByteString, options: UnpackOptions): Promise<void> {
  let bytes = 0;
  for await (const entry of readTar(tar)) {
    options.signal?.throwIfAborted();
    // Holes are written out.
    bytes += fileSize(entry);
    if (bytes > options.maxBytes) {
      throw new RbuildError("build.too-large", `${options.what} unpacks to more than ${options.maxBytes} bytes`, { category: "invalid" });
    }
    const path = inDirectory(directory, entry.path, options.what);
    if (path === directory) continue;
    try {
      await writeEntry(entry, writer, directory, path, options);
    } catch (error) {
      throw isEntryRefusal(error) ? unusable(entry, options.what, error) : error;
    }
  }
}

async function writeEntry(entry: TarEntry, writer: RootWriter, directory: ByteString, path: ByteString, options: UnpackOptions): Promise<void> {
  const attributes = attributesOf(entry, options);
  writer.makeDirectories(parentOf(path), { mode: 0o755, uid: options.owner?.uid ?? 0, gid: options.owner?.gid ?? 0 });
  switch (entry.kind) {
    case "directory":
      writer.directory(path, attributes, { overwrite: true });
      break;
    case "file":
      await writer.file(path, attributes, { kind: "stream", body: expandSparse(entry) });
      break;
    case "symlink":
      writer.symlink(path, entry.linkPath, attributes);
      break;
    case "hardlink":
      writer.hardlink(path, inDirectory(directory, entry.linkPath, options.what));
      break;
    case "character-device":
      writer.node(path, constants.S_IFCHR, entry.device, attributes);
      break;
    case "block-device":
      writer.node(path, constants.S_IFBLK, entry.device, attributes);
      break;
    case "fifo":
      writer.node(path, constants.S_IFIFO, entry.device, attributes);
      break;
    case "other":
      break;
    default:
      entry.kind satisfies never;
  }
}

function inDirectory(directory: ByteString, path: ByteString, what: string): ByteString {
  const relative = relativeTarPath(path);
  if (relative === undefined) {
    throw new RbuildError("build.unsafe-archive", `${what} has an entry ${JSON.stringify(textOf(path))} that would leave its directory`, {
      category: "untrusted",
      details: { path: textOf(path) },
    });
  }
  return (relative === "" ? directory : directory === "" ? relative : `${directory}/${relative}`) as ByteString;
}

function unusable(entry: TarEntry, what: string, cause: Error): RbuildError {
  return new RbuildError("build.unusable-entry", `${what} has an entry ${JSON.stringify(textOf(entry.path))} that cannot be made: ${cause.message}`, {
    category: "invalid",
    cause,
    details: { path: textOf(entry.path) },
  });
}

function attributesOf(entry: TarEntry, options: UnpackOptions): FileAttributes {
  const xattrs = [...entry.pax].flatMap(([key, value]) => {
    const name = key.startsWith(PAX_XATTR) ? key.slice(PAX_XATTR.length) : "";
    return /^(?:user\.(?!overlay\.)|security\.capability$)/.test(name) ? [[name, bytesOf(value)] as const] : [];
  });
  return {
    mode: entry.mode,
    uid: options.owner?.uid ?? entry.uid,
    gid: options.owner?.gid ?? entry.gid,
    modified: BigInt(entry.mtime.seconds) * 1_000_000_000n + BigInt(entry.mtime.nanoseconds),
    xattrs: new Map(xattrs),
  };
}
