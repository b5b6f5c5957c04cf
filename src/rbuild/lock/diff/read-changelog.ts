import { createGunzip } from "node:zlib";
import { isRbuildError, isSystemError, relativeTarPath, type TarEntry } from "../../../system/index.ts";
import { type ChangelogEntry, findCves, parseChangelog } from "../../debian/changelog.ts";
import { withDeb } from "../../debian/deb-file.ts";
import { compareVersions, isVersion } from "../../debian/version.ts";
import type { Pool } from "../../pool/pool.ts";
import type { ChangedSource } from "./group-sources.ts";
import type { ComparedPackage, DiffedSource } from "./image-diff.ts";

/** Read of one changelog, unpacked: the newest entries stand first. */
const MAX_CHANGELOG_BYTES = 512 * 1024;
/** Packages of one source that are looked into: documentation is often a link to that of another of them. */
const MAX_PACKAGES = 4;

/**
 * What the changelog of a source package says of the versions between two, from a .deb in the pool.
 * @param maxLines lines that are kept; CVEs are found in all
 */
export async function readSourceChanges(
  { range, newer }: ChangedSource,
  pool: Pool,
  { maxLines, signal }: { readonly maxLines: number; readonly signal?: AbortSignal },
): Promise<Pick<DiffedSource, "cves" | "changelog">> {
  let why: "not-in-pool" | "not-in-package" = "not-in-pool";
  for (const entry of newer.slice(0, MAX_PACKAGES)) {
    signal?.throwIfAborted();
    const item = poolItem(entry);
    if (!item || !(await pool.has(item))) continue;
    why = "not-in-package";
    const found = (await readChangelogs(entry.name, pool.read(item), signal)).filter(({ version }) => isWithin(version, range));
    if (found.length > 0) return { cves: findCves(found.flatMap(({ lines }) => lines)), changelog: { kind: "found", ...cut(found, maxLines) } };
  }
  return { cves: [], changelog: { kind: "missing", why } };
}

function poolItem({ sha256, size, path, archive }: ComparedPackage) {
  return sha256 === undefined || size === undefined || path === undefined || archive === undefined ? undefined : { sha256, size, path, archive };
}

function isWithin(version: string, { after, upTo }: ChangedSource["range"]): boolean {
  return isVersion(version) && compareVersions(version, after) > 0 && compareVersions(version, upTo) <= 0;
}

/** All entries of a package's Debian changelogs, those of a rebuild first. None when it has no changelog, or cannot be read. */
async function readChangelogs(name: string, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<ChangelogEntry[]> {
  const directory = `usr/share/doc/${name}/`;
  const texts = new Map<string, string>();
  try {
    await withDeb(
      bytes,
      async ({ data }) => {
        for await (const entry of data) {
          const path = relativeTarPath(entry.path);
          if (entry.kind !== "file" || !path?.startsWith(directory)) continue;
          const file = path.slice(directory.length);
          if (/^changelog(?:\.Debian(?:\.[a-z0-9]+)?)?(?:\.gz)?$/.test(file)) texts.set(file, await readText(entry, file.endsWith(".gz")));
        }
      },
      signal ? { signal } : {},
    );
  } catch (error) {
    // A package that is broken is the build's concern, not of who reads what changed.
    if (!isRbuildError(error) || !/^(?:package|pool)\./.test(error.code)) throw error;
  }
  // By name: a rebuild's `changelog.Debian.amd64.gz` before the source's `changelog.Debian.gz`, before `changelog.gz`, which may be upstream's.
  const rank = (file: string) => -file.replace(/\.gz$/, "").length;
  return [...texts].sort(([left], [right]) => rank(left) - rank(right)).flatMap(([, text]) => parseChangelog(text));
}

/** The beginning of a changelog; of one that is broken, as much as there is. */
async function readText(entry: TarEntry, isCompressed: boolean): Promise<string> {
  const stored = await readStart(entry.body);
  return (isCompressed ? await readStart(createGunzip().end(stored)) : stored).toString("utf8");
}

async function readStart(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      // Chunks of a tar are views.
      parts.push(Buffer.from(chunk.subarray(0, MAX_CHANGELOG_BYTES - size)));
      size += chunk.byteLength;
      if (size >= MAX_CHANGELOG_BYTES) break;
    }
  } catch (error) {
    if (!isSystemError(error) || !error.code?.startsWith("Z_")) throw error;
  }
  return Buffer.concat(parts);
}

function cut(entries: readonly ChangelogEntry[], maxLines: number): { readonly entries: readonly ChangelogEntry[]; readonly omittedLines: number } {
  let left = maxLines;
  const kept = entries.flatMap(({ version, lines }) => {
    if (left <= 0) return [];
    const shown = lines.slice(0, left);
    left -= shown.length;
    return [{ version, lines: shown }];
  });
  const count = (list: readonly ChangelogEntry[]) => list.reduce((sum, { lines }) => sum + lines.length, 0);
  return { entries: kept, omittedLines: count(entries) - count(kept) };
}
