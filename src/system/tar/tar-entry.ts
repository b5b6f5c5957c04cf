import type { ByteString } from "./byte-string.ts";
import type { SparseMap } from "./sparse-map.ts";

export type TarEntryKind =
  | "file"
  | "hardlink"
  | "symlink"
  | "character-device"
  | "block-device"
  | "directory"
  | "fifo"
  /** A type flag unknown here, such as a volume label: skipped or refused by who reads it. */
  | "other";

/** `nanoseconds` counts up from `seconds`, 0 to 999 999 999, also before 1970. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** One member of an archive, whatever dialect it was written in. */
export interface TarHeader {
  /** As in the archive: nothing is stripped, added or checked. See `relativeTarPath`. */
  readonly path: ByteString;
  readonly kind: TarEntryKind;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: ByteString;
  readonly gname: ByteString;
  readonly mtime: TarTime;
  /** Bytes of the body in the archive; of a sparse file its data alone. 0 for everything that has no body. */
  readonly size: number;
  /** Target of a hardlink or symlink, else empty. */
  readonly linkPath: ByteString;
  /** Of a device, else 0:0. */
  readonly device: { readonly major: number; readonly minor: number };
  readonly sparse?: SparseMap;
  /** PAX records that are no field above, such as `SCHILY.xattr.user.name`. */
  readonly pax: ReadonlyMap<ByteString, ByteString>;
}

export interface TarEntry extends TarHeader {
  /** Read it before the next entry is asked for, or not at all: what is left is skipped. The chunks are views, not copies. */
  readonly body: AsyncIterable<Buffer>;
}

/** PAX key prefix of extended attributes; the value is the attribute's bytes. */
export const PAX_XATTR = "SCHILY.xattr." as ByteString;
/** PAX keys of POSIX ACLs in acl_to_text(3) form. */
export const PAX_ACL_ACCESS = "SCHILY.acl.access" as ByteString;
export const PAX_ACL_DEFAULT = "SCHILY.acl.default" as ByteString;

const EMPTY = "" as ByteString;

/** A header with every field that is not given at zero. */
export function tarHeader(fields: Pick<TarHeader, "path" | "kind"> & Partial<TarHeader>): TarHeader {
  return {
    mode: 0,
    uid: 0,
    gid: 0,
    uname: EMPTY,
    gname: EMPTY,
    mtime: { seconds: 0, nanoseconds: 0 },
    size: 0,
    linkPath: EMPTY,
    device: { major: 0, minor: 0 },
    pax: new Map(),
    ...fields,
  };
}

/** Bytes of the file that the entry makes, holes included. */
export function fileSize(header: Pick<TarHeader, "size" | "sparse">): number {
  return header.sparse?.realSize ?? header.size;
}
