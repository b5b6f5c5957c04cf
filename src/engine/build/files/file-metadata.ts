import { type BigIntStats, readlinkSync } from "node:fs";
import { type ByteString, byteString, readXattrs } from "../../../system/index.ts";
import type { FileAttributes } from "./root-writer.ts";
import type { SourceFile } from "./source-tree.ts";

/** What a COPY changes about the files: everything else is kept. */
export interface FileOverrides {
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Permission bits for files and directories alike. */
  readonly mode?: number;
}

/** Attributes that belong to the host the file lies on, or to overlayfs, never to the file. */
const HOST_XATTRS = /^(?:security\.(?:selinux|ima|evm|apparmor)$|trusted\.overlay\.|user\.overlay\.)/;

export function attributesOf(file: SourceFile, overrides: FileOverrides): FileAttributes {
  const { stat } = file;
  const xattrs = new Map([...readXattrs(file.absolute)].filter(([name]) => !HOST_XATTRS.test(name)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return {
    mode: overrides.mode ?? Number(stat.mode & 0o7777n),
    uid: overrides.owner?.uid ?? Number(stat.uid),
    gid: overrides.owner?.gid ?? Number(stat.gid),
    modified: stat.mtimeNs,
    xattrs,
  };
}

export const linkTargetOf = (file: SourceFile): ByteString => byteString(readlinkSync(file.absolute, { encoding: "buffer" }));

/** gnu_dev_major(3), gnu_dev_minor(3). */
export function deviceOf(stat: BigIntStats): { readonly major: number; readonly minor: number } {
  const { rdev } = stat;
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}
