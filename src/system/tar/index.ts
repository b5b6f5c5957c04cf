export { ByteReader } from "./byte-reader.ts";
export { asBuffer, type ByteString, byteString, bytesOf, textOf } from "./byte-string.ts";
export { coalesce } from "./coalesce.ts";
export { encodeTarHeader } from "./encode-header.ts";
export { isEntryRefusal } from "./entry-refusal.ts";
export { TAR_LIMITS, type TarLimits } from "./limits.ts";
export { readTar } from "./read-tar.ts";
export { relativeTarPath } from "./relative-path.ts";
export { dataOf, expandSparse, resampleSparse } from "./resample-sparse.ts";
export type { SparseExtent, SparseMap } from "./sparse-map.ts";
export {
  fileSize,
  PAX_ACL_ACCESS,
  PAX_ACL_DEFAULT,
  PAX_XATTR,
  type TarEntry,
  type TarEntryKind,
  type TarHeader,
  type TarTime,
  tarHeader,
} from "./tar-entry.ts";
export { TAR_TRAILER, type TarInput, tarPadding, writeTar } from "./write-tar.ts";
