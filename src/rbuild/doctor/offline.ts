import { join } from "node:path";
import { isRbuildError, pathExists, systemClock } from "../../system/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import { type BrokenDefinition, ifSound, surveyDefinitions } from "../definition/find-definition.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { checkLocatedPin, currentPin } from "../images/check-pin.ts";
import type { RepositoryChoice } from "../images/image-operations.ts";
import { RBUILD_YAML, readRbuildYaml } from "../iso/config/read-rbuild-yaml.ts";
import { lockedItems } from "../iso/locked/locked-items.ts";
import { readTreeLock } from "../iso/locked/read-tree-lock.ts";
import { readLockedChain } from "../lock/locked-chain.ts";
import { missingOf } from "../pool/fill-pool.ts";
import { itemsOf } from "../pool/locked-images.ts";
import { poolDirectory, viewPool } from "../pool/open-pool.ts";
import type { Pool, PoolItem } from "../pool/pool.ts";
import { itemDetails, VENDOR_HINT } from "../pool/pool-errors.ts";
import { findSources, type SourceChoice } from "../pool/sources.ts";
import { lookForPinned } from "../repository/fetch/look-for-pinned.ts";

/** What an image, or a tree's own packages, need to be used where there is no network. */
export type OfflineNeed =
  /** The engine has exactly the pinned one. */
  | { readonly kind: "present"; readonly name: string }
  /** A directory or bundle has it, signed. `bytes` are those of its files. */
  | { readonly kind: "fetchable"; readonly name: string; readonly source: string; readonly bytes: number }
  /** The pools have all packages to build it. `bytes` are theirs. */
  | { readonly kind: "buildable"; readonly name: string; readonly packages: number; readonly bytes: number }
  /** These packages are missing; `bytes` are theirs. */
  | { readonly kind: "missing"; readonly name: string; readonly items: readonly PoolItem[]; readonly bytes: number }
  /** Its definition, pin or lock, or one below it, is not right. */
  | { readonly kind: "broken"; readonly name: string; readonly code: string; readonly reason: string }
  /** It has no lock to build it from, or one that does not fit any more. */
  | { readonly kind: "unlocked"; readonly name: string; readonly code: string; readonly reason: string; readonly fix?: string };

export interface OfflineDiagnosis {
  /** Nothing is missing. */
  readonly isAble: boolean;
  readonly images: readonly OfflineNeed[];
  /** Of the tree, when its rbuild.yaml wants its own packages locked; `name` is its directory. */
  readonly tree?: OfflineNeed;
  /** Missing of all together, each file once. */
  readonly packages: number;
  readonly bytes: number;
  /** The commands that mend it. */
  readonly fixes: readonly string[];
}

export interface OfflineOptions {
  /** Default: all that are defined, and the tree. */
  readonly names: readonly string[];
  readonly tree: string;
  readonly imageDirectories: readonly string[];
  readonly stateDirectory: string;
  /** Directories among the pools count as this machine's own. */
  readonly sources?: SourceChoice;
  /** Where pinned images may be had; URLs among them are not asked. */
  readonly repositories?: RepositoryChoice | undefined;
  /** Without one, no image counts as present. */
  readonly containerHost?: ContainerHost;
}

/** Says exactly what is missing to work without network. Fetches nothing. @throws RbuildError codes `definition.not-found`, `iso.invalid-rbuild-yaml` */
export async function diagnoseOffline(options: OfflineOptions): Promise<OfflineDiagnosis> {
  const { names, tree: directory, imageDirectories, stateDirectory, sources } = options;
  const directories = await findSources({ ...sources, offline: true }, { archives: [], lockedAt: [] });
  const pools = [poolDirectory(stateDirectory), ...directories.flatMap((source) => (source.kind === "directory" ? [source.path] : []))].map(viewPool);
  const { located, broken } = await surveyDefinitions(imageDirectories, names);
  const images: OfflineNeed[] = [];
  for (const each of located) {
    const { name } = each.definition;
    const need = await ifSound(name, async () => (await asPinned(each, options)) ?? (await imageNeed(name, imageDirectories, pools)));
    images.push("error" in need ? brokenNeed(need) : need);
  }
  images.push(...broken.map(brokenNeed));
  const tree = names.length > 0 ? undefined : await treeNeed(directory, pools);
  const needs = tree ? [...images, tree] : images;
  const missing = new Map(needs.flatMap((need) => (need.kind === "missing" ? need.items.map((item) => [item.sha256, item.size] as const) : [])));
  const lacking = images.flatMap((image) => (image.kind === "missing" ? [image.name] : []));
  return {
    isAble: needs.every(({ kind }) => kind === "present" || kind === "fetchable" || kind === "buildable"),
    images,
    ...(tree ? { tree } : {}),
    packages: missing.size,
    bytes: [...missing.values()].reduce((sum, size) => sum + size, 0),
    fixes: [
      ...needs.flatMap((need) => (need.kind === "unlocked" && need.fix !== undefined ? [need.fix] : [])),
      ...(lacking.length > 0 ? [`${VENDOR_HINT} ${lacking.join(" ")}`] : []),
      ...(tree?.kind === "missing" ? ["rbuild lock --vendor"] : []),
    ],
  };
}

function brokenNeed({ name, error: { code, message } }: BrokenDefinition): OfflineNeed {
  return { kind: "broken", name, code, reason: message };
}

/** The pinned image itself, where the engine or a repository has it. */
async function asPinned(located: LocatedDefinition, { containerHost, repositories, stateDirectory }: OfflineOptions): Promise<OfflineNeed | undefined> {
  const { name } = located.definition;
  const verdict = containerHost && (await checkLocatedPin(located, { containerHost, stateDirectory }));
  if (verdict?.kind === "exact") return { kind: "present", name };
  // What the engine has in its place is not replaced.
  const pin = verdict?.kind === "different" ? undefined : await currentPin(located);
  if (!pin || !repositories) return undefined;
  const look = await lookForPinned(pin, repositories, { stateDirectory, clock: systemClock });
  return look.kind === "had" ? { kind: "fetchable", name, source: look.source, bytes: look.bytes } : undefined;
}

async function imageNeed(name: string, imageDirectories: readonly string[], pools: readonly Pool[]): Promise<OfflineNeed> {
  try {
    return await needOf(name, itemsOf((await readLockedChain(name, { imageDirectories })).images), pools);
  } catch (error) {
    if (!isRbuildError(error) || !/^lock\.(?:missing|stale|other-compatibility|no-architecture)$/.test(error.code)) throw error;
    const { code, message, hint } = error;
    return { kind: "unlocked", name, code, reason: message, ...(hint === undefined ? {} : { fix: hint }) };
  }
}

/** Undefined when there is no tree, or one that takes its packages from a mirror. */
async function treeNeed(directory: string, pools: readonly Pool[]): Promise<OfflineNeed | undefined> {
  if (!(await pathExists(join(directory, RBUILD_YAML)))) return undefined;
  const { lock: wanted } = await readRbuildYaml(directory);
  if (!wanted) return undefined;
  const state = await readTreeLock(directory, wanted);
  if (state.kind === "current") return needOf(directory, lockedItems(state.lock), pools);
  const reason = state.kind === "absent" ? `${directory} has no lock of its packages yet` : `the lock of ${directory} is stale: ${state.field} has changed`;
  return { kind: "unlocked", name: directory, code: state.kind === "absent" ? "lock.absent" : "lock.stale", reason, fix: "rbuild lock" };
}

async function needOf(name: string, items: readonly PoolItem[], pools: readonly Pool[]): Promise<OfflineNeed> {
  let missing = items;
  for (const pool of pools) ({ missing } = await missingOf(missing, pool));
  if (missing.length === 0) return { kind: "buildable", name, packages: items.length, bytes: bytesOf(items) };
  return { kind: "missing", name, items: missing.map(itemDetails), bytes: bytesOf(missing) };
}

const bytesOf = (items: readonly PoolItem[]): number => items.reduce((sum, { size }) => sum + size, 0);
