import type { Digest } from "../../oci/index.ts";
import { counted } from "../../system/counted.ts";
import { isSystemError, RbuildError } from "../../system/index.ts";
import { byteText } from "./byte-text.ts";
import type { PoolItem } from "./pool.ts";

export const VENDOR_HINT = "rbuild image vendor";

/** `pool.no-space` where the cause is a full disk, else the error itself. */
export function noSpace(error: unknown, path: string): unknown {
  if (!isSystemError(error, "ENOSPC", "EDQUOT")) return error;
  return new RbuildError("pool.no-space", `the disk is full: ${path} cannot be written`, {
    category: "unavailable",
    hint: "make room, then run the command again: it goes on where it stopped",
    cause: error,
    details: { path },
  });
}

export function wrongBytes(item: PoolItem, found: { readonly sha256?: Digest; readonly size: number; readonly more?: boolean }): RbuildError {
  return new RbuildError("pool.wrong-bytes", `${item.path} is not what is locked: ${difference(item, found)}`, {
    category: "untrusted",
    hint: "name another source with --pool or --mirror",
    details: { item: itemDetails(item), found },
  });
}

/** What is wrong with bytes that are not the item's, for people. */
export function difference(item: PoolItem, { sha256, size, more }: { readonly sha256?: Digest; readonly size: number; readonly more?: boolean }): string {
  if (more) return `more than its ${item.size} bytes`;
  if (size !== item.size) return `${size} bytes, not ${item.size}`;
  return `${sha256 ?? "another digest"}, not ${item.sha256}`;
}

/** Nothing is fetched, and these are not there. @param asked other pools that do not have them either */
export function missingItems(items: readonly PoolItem[], asked: readonly string[] = []): RbuildError {
  const bytes = items.reduce((sum, { size }) => sum + size, 0);
  const what = items.length === 1 ? `1 package (${items[0]?.path})` : counted(items.length, "package");
  return new RbuildError(
    "pool.missing",
    `${what}, ${byteText(bytes)} (${bytes} bytes), missing in ${["the pool", ...asked].join(" and ")}, and nothing may be fetched`,
    {
      category: "unavailable",
      hint: `${VENDOR_HINT}, where there is a network`,
      details: { count: items.length, bytes, items: items.map(itemDetails) },
    },
  );
}

export function itemDetails({ archive, path, size, sha256 }: PoolItem): PoolItem {
  return { archive, path, size, sha256 };
}
