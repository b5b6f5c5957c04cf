import { isRbuildError } from "../../system/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import { findDefinition, listDefinitions } from "../definition/find-definition.ts";
import { checkLocatedPin } from "../images/check-pin.ts";
import { readLockedChain } from "../lock/locked-chain.ts";
import { missingOf } from "../pool/fill-pool.ts";
import { itemsOf } from "../pool/locked-images.ts";
import { openPool, poolDirectory } from "../pool/open-pool.ts";
import type { Pool, PoolItem } from "../pool/pool.ts";
import { itemDetails, VENDOR_HINT } from "../pool/pool-errors.ts";

/** What an image needs to be used where there is no network. */
export type OfflineNeed =
  /** The engine has exactly the pinned one. */
  | { readonly kind: "present"; readonly name: string }
  /** The pool has all packages to build it. `bytes` are theirs. */
  | { readonly kind: "buildable"; readonly name: string; readonly packages: number; readonly bytes: number }
  /** These packages are missing; `bytes` are theirs. */
  | { readonly kind: "missing"; readonly name: string; readonly items: readonly PoolItem[]; readonly bytes: number }
  /** It has no lock to build it from, or one that does not fit any more. */
  | { readonly kind: "unlocked"; readonly name: string; readonly code: string; readonly reason: string; readonly fix?: string };

export interface OfflineDiagnosis {
  /** Nothing is missing. */
  readonly isAble: boolean;
  readonly images: readonly OfflineNeed[];
  /** Of all images together, each package once. */
  readonly packages: number;
  readonly bytes: number;
  /** The command that fetches what is missing. */
  readonly fix?: string;
}

export interface OfflineOptions {
  /** Default: all that are defined. */
  readonly names: readonly string[];
  readonly imageDirectories: readonly string[];
  readonly stateDirectory: string;
  /** Without one, no image counts as present. */
  readonly containerHost?: ContainerHost;
}

/** Says exactly what is missing to use images without network. Fetches nothing. @throws RbuildError codes `definition.*`, `lock.invalid` */
export async function diagnoseOffline({ names, imageDirectories, stateDirectory, containerHost }: OfflineOptions): Promise<OfflineDiagnosis> {
  const pool = await openPool(poolDirectory(stateDirectory));
  const images: OfflineNeed[] = [];
  const located = names.length > 0 ? await Promise.all(names.map((name) => findDefinition(name, imageDirectories))) : await listDefinitions(imageDirectories);
  for (const each of located) {
    const { name } = each.definition;
    const isPresent = containerHost !== undefined && (await checkLocatedPin(each, { containerHost })).kind === "exact";
    images.push(isPresent ? { kind: "present", name } : await needOf(name, imageDirectories, pool));
  }
  const missing = new Map(images.flatMap((image) => (image.kind === "missing" ? image.items.map((item) => [item.sha256, item.size] as const) : [])));
  const lacking = images.flatMap((image) => (image.kind === "missing" ? [image.name] : []));
  return {
    isAble: images.every(({ kind }) => kind === "present" || kind === "buildable"),
    images,
    packages: missing.size,
    bytes: [...missing.values()].reduce((sum, size) => sum + size, 0),
    ...(lacking.length > 0 ? { fix: `${VENDOR_HINT} ${lacking.join(" ")}` } : {}),
  };
}

async function needOf(name: string, imageDirectories: readonly string[], pool: Pool): Promise<OfflineNeed> {
  try {
    const items = itemsOf((await readLockedChain(name, { imageDirectories })).images);
    const { missing } = await missingOf(items, pool);
    if (missing.length === 0) return { kind: "buildable", name, packages: items.length, bytes: bytesOf(items) };
    return { kind: "missing", name, items: missing.map(itemDetails), bytes: bytesOf(missing) };
  } catch (error) {
    if (!isRbuildError(error) || !/^lock\.(?:missing|stale|other-compatibility|no-architecture)$/.test(error.code)) throw error;
    const { code, message, hint } = error;
    return { kind: "unlocked", name, code, reason: message, ...(hint === undefined ? {} : { fix: hint }) };
  }
}

const bytesOf = (items: readonly PoolItem[]): number => items.reduce((sum, { size }) => sum + size, 0);
