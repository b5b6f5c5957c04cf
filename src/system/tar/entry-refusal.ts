import { isSystemError } from "../errors.ts";

/** Codes of errno(3) that are about the file itself: not a full disk, not a read-only or broken one. */
const OF_ENTRY = [
  "EEXIST",
  "EFBIG",
  "EINVAL",
  "EISDIR",
  "ELOOP",
  "EMLINK",
  "ENAMETOOLONG",
  "ENODEV",
  "ENOENT",
  "ENOTDIR",
  "ENOTEMPTY",
  "ENOTSUP",
  "EPERM",
  "ERANGE",
  "E2BIG",
  "EXDEV",
];

/** Whether the kernel refuses to make a file as an archive has it: a hardlink to nothing, a name that is too long. */
export function isEntryRefusal(error: unknown): error is NodeJS.ErrnoException {
  return isSystemError(error, ...OF_ENTRY);
}
