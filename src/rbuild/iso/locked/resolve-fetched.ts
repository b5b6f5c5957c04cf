import { type Digest, digestFromHex } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { LockedArchive, LockedPackage } from "../../lock/image-lock.ts";
import type { TreeLock } from "./tree-lock.ts";

/** A suite that signed files speak for. */
export interface SignedSuite {
  readonly archive: LockedArchive;
  /** Every file that its InRelease names, by path below `dists/<suite>/`. */
  readonly files: ReadonlyMap<string, { readonly size: number; readonly sha256: Digest }>;
  /** Its package of that `Filename`. */
  readonly packageAt: (path: string) => LockedPackage | undefined;
}

/**
 * What a lock has for the paths that a build fetched: packages by the verified package indexes, index files by InRelease.
 * @param served paths with the archive's name first
 * @throws RbuildError `lock.not-in-index`, which names everything that is in none of them
 */
export function resolveFetched(served: readonly string[], suites: readonly SignedSuite[]): Pick<TreeLock, "archives" | "packages"> {
  const packages = new Map<string, LockedPackage>();
  const indexes = suites.map(() => new Map<string, IndexFile>());
  const unknown: string[] = [];
  for (const path of served) {
    const slash = path.indexOf("/");
    const [name, inside] = [path.slice(0, slash), path.slice(slash + 1)];
    if (isMirrorsOwn(inside)) continue;
    let isKnown = false;
    for (const [position, suite] of suites.entries()) {
      if (suite.archive.archive !== name) continue;
      const found = suite.packageAt(inside);
      if (found) packages.set(path, found);
      const index = indexAt(inside, suite);
      if (index !== "in-release" && index !== undefined) indexes[position]?.set(index.path, index);
      isKnown ||= found !== undefined || index !== undefined;
    }
    if (!isKnown) unknown.push(path);
  }
  if (unknown.length > 0) throw notInIndex(unknown);
  return {
    archives: suites.map(({ archive }, position) => ({ ...archive, indexes: [...(indexes[position]?.values() ?? [])].sort(byPath) })),
    packages: [...packages.values()].sort(byName),
  };
}

/** A mirror keeps its own log below `project/`: no part of the archive, another on every mirror. Directories are listings. */
function isMirrorsOwn(path: string): boolean {
  return path.startsWith("project/") || path.endsWith("/") || path === "";
}

type IndexFile = LockedArchive["indexes"][number];

function indexAt(path: string, { archive, files }: SignedSuite): IndexFile | "in-release" | undefined {
  const top = `dists/${archive.suite}/`;
  if (!path.startsWith(top)) return undefined;
  const inside = path.slice(top.length);
  if (inside === "InRelease") return "in-release";
  const [, directory = "", hex] = /^(?:(.*)\/)?by-hash\/SHA256\/([0-9a-f]{64})$/.exec(inside) ?? [];
  if (hex === undefined) return named(inside);
  const sha256 = digestFromHex(hex);
  for (const [name, file] of files) if (file.sha256 === sha256 && parentOf(name) === directory) return named(name);
  return undefined;

  function named(name: string): IndexFile | undefined {
    const file = files.get(name);
    return file && { path: `${top}${name}`, size: file.size, sha256: file.sha256 };
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf("/"), 0));

const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const byPath = (a: IndexFile, b: IndexFile): number => compareText(a.path, b.path);

function byName(a: LockedPackage, b: LockedPackage): number {
  return compareText(a.name, b.name) || compareText(a.architecture, b.architecture) || compareText(a.version, b.version) || compareText(a.archive, b.archive);
}

const MAX_NAMED = 20;

function notInIndex(paths: readonly string[]): RbuildError {
  const named = paths.slice(0, MAX_NAMED).map((path) => `\n  ${path}`);
  const more = paths.length > MAX_NAMED ? `\n  and ${paths.length - MAX_NAMED} more` : "";
  return new RbuildError("lock.not-in-index", `the build fetched files that no signed index of the declared suites names:${named.join("")}${more}`, {
    category: "refused",
    hint: "add their suite or component to lock: in rbuild.yaml, or keep the build from fetching them (source packages cannot be locked); if the archive has just changed, run rbuild lock again",
    details: { paths: paths.slice(0, 1000) },
  });
}
