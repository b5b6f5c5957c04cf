import { RbuildError } from "../errors.ts";

/** What a reader takes from an archive before it gives up. All in bytes but `sparseExtents`. */
export interface TarLimits {
  /** PAX headers and GNU long names of one entry together, and all global ones. Linux has extended attributes of up to 64 KiB. */
  readonly extendedHeader: number;
  /** A path or link target. PATH_MAX is 4096. */
  readonly path: number;
  readonly sparseExtents: number;
}

export const TAR_LIMITS: TarLimits = { extendedHeader: 1024 * 1024, path: 4096, sparseExtents: 1_000_000 };

export function malformed(reason: string, at: number): RbuildError {
  return new RbuildError("tar.malformed", `the archive is malformed at byte ${at}: ${reason}`, { category: "invalid", details: { at } });
}

export function truncated(at: number): RbuildError {
  return new RbuildError("tar.truncated", `the archive ends at byte ${at}, in the middle of an entry`, {
    category: "invalid",
    hint: "get the archive again: a part of it is missing",
    details: { at },
  });
}

export function overLimit(what: string, actual: number, limit: number, at: number): RbuildError {
  return new RbuildError("tar.limit-exceeded", `the archive has ${what} of ${actual} at byte ${at}; at most ${limit} are taken`, {
    category: "invalid",
    details: { at, actual, limit },
  });
}
