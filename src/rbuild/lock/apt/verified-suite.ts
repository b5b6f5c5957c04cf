import { open } from "node:fs/promises";
import { digestFromHex, digestOf } from "../../../oci/index.ts";
import { RbuildError, readWithin } from "../../../system/index.ts";
import { type IndexedPackage, type PackagesIndex, readPackagesIndex } from "../../debian/packages-index.ts";
import { MAX_IN_RELEASE_BYTES, verifyInRelease } from "../archive/in-release.ts";
import type { LockedArchive, LockedPackage } from "../image-lock.ts";
import type { KeptArchive } from "../kept-files.ts";
import type { AptWorkspace } from "./apt-workspace.ts";

/** A suite as APT has it in its workspace, checked again by this program from the signature to the last byte of each index. */
export interface VerifiedSuite {
  readonly locked: LockedArchive;
  readonly kept: KeptArchive;
  readonly indexes: readonly PackagesIndex[];
}

/** One index that APT keeps: `apt-get indextargets`. */
interface IndexTarget {
  readonly release: string;
  readonly site: string;
  /** As the Release file names it: `main/binary-amd64/Packages`. */
  readonly path: string;
  readonly file: string;
}

/** Of one uncompressed index. Debian's largest has 60 MB. */
const MAX_INDEX_BYTES = 1024 * 2 ** 20;
const TARGET_FORMAT = "$(RELEASE)\t$(SITE)\t$(METAKEY)\t$(FILENAME)";

/**
 * The workspace's suites in their order.
 * @param at seconds since 1970
 * @throws RbuildError `lock.no-suite`, `lock.index-mismatch`, and those of `verifyInRelease`
 */
export async function readSuites(workspace: AptWorkspace, at: number): Promise<VerifiedSuite[]> {
  const { stdout } = await workspace.run("apt-get", ["indextargets", "--format", TARGET_FORMAT, "Created-By: Packages"]);
  const targets = stdout.split("\n").flatMap((line): IndexTarget[] => {
    const [release, site, path, file] = line.split("\t");
    return release && site && path && file ? [{ release, site: site.replace(/\/+$/, ""), path, file }] : [];
  });
  return Promise.all(
    workspace.sources.map(async ({ archive, suite, components, mirror, keyring }) => {
      const own = targets.filter(
        ({ release, site, path }) => release === suite && site === siteOf(mirror.url) && components.includes(path.split("/")[0] ?? ""),
      );
      const first = own[0];
      if (!first) {
        throw new RbuildError("lock.no-suite", `the mirror of ${archive} has no packages of ${suite} ${components.join(" ")} for ${workspace.architecture}`, {
          category: "not-found",
          hint: "correct suites: and architectures: in the definition",
          details: { archive, suite, architecture: workspace.architecture },
        });
      }
      const prefix = first.file.slice(0, -first.path.replaceAll("/", "_").length);
      const inRelease = await readBounded(`${prefix}InRelease`, MAX_IN_RELEASE_BYTES);
      const { release, signedBy, certificates } = await verifyInRelease(inRelease, keyring, at, { archive, suite });
      const indexes: PackagesIndex[] = [];
      const lockedIndexes: LockedArchive["indexes"] = [];
      for (const { path, file } of own.sort((left, right) => (left.path < right.path ? -1 : 1))) {
        const entry = release.entries.get(path);
        const bytes = await readBounded(file, MAX_INDEX_BYTES);
        const sha256 = digestOf(bytes);
        if (entry?.size !== bytes.length || entry.sha256 !== sha256) {
          const wanted = entry ? `${entry.sha256} with ${entry.size} bytes` : "nothing";
          throw new RbuildError(
            "lock.index-mismatch",
            `the index ${path} of ${archive} ${suite} is ${sha256} with ${bytes.length} bytes; InRelease names ${wanted}`,
            {
              category: "untrusted",
              hint: "rbuild image lock again; if it stays so, use another mirror: --mirror URL",
              details: { path, found: sha256 },
            },
          );
        }
        indexes.push(readPackagesIndex(bytes));
        lockedIndexes.push({ path: `dists/${suite}/${path}`, size: bytes.length, sha256 });
      }
      const locked: LockedArchive = {
        archive,
        suite,
        components: [...components],
        version: release.version,
        date: release.date,
        ...(release.validUntil === undefined ? {} : { validUntil: release.validUntil }),
        inRelease: digestOf(inRelease),
        keyring: digestOf(certificates),
        signedBy: [...signedBy],
        indexes: lockedIndexes,
      };
      return { locked, kept: { inRelease, keyring: certificates }, indexes };
    }),
  );
}

/** An archive's URL as APT tells it: without name and password. */
function siteOf(url: string): string {
  return url.replace(/^(https?:\/\/)[^/@]*@/i, "$1");
}

/** A package of the first suite that has exactly this version of it. */
export function findPackage(
  suites: readonly VerifiedSuite[],
  wanted: Pick<LockedPackage, "name" | "version" | "architecture">,
): { readonly locked: LockedPackage; readonly stanza: string } | undefined {
  for (const { locked, indexes } of suites) {
    for (const index of indexes) {
      const found = index
        .find(wanted.name)
        .find(({ fields }) => fields.get("version") === wanted.version && fields.get("architecture") === wanted.architecture);
      if (found) return { locked: lockedPackage(found, locked), stanza: found.text };
    }
  }
  return undefined;
}

function lockedPackage({ fields }: IndexedPackage, { archive, suite }: LockedArchive): LockedPackage {
  const field = (name: string): string => {
    const value = fields.get(name);
    if (value) return value;
    throw new RbuildError("lock.index-incomplete", `the index of ${archive} ${suite} has no ${name} for ${fields.get("package") ?? "a package"}`, {
      category: "untrusted",
    });
  };
  const version = field("version");
  const [, source = field("package"), sourceVersion = version] = /^(\S+)(?: \((\S+)\))?$/.exec(fields.get("source") ?? "") ?? [];
  return {
    name: field("package"),
    version,
    architecture: field("architecture"),
    size: Number(field("size")),
    sha256: digestFromHex(field("sha256")),
    path: field("filename").replace(/^\.\//, ""),
    source: sourceVersion === version ? source : `${source} ${sourceVersion}`,
    archive,
  };
}

async function readBounded(path: string, limit: number): Promise<Buffer> {
  await using handle = await open(path, "r");
  const bytes = await readWithin(handle, limit);
  if (bytes) return bytes;
  throw new RbuildError("file.too-large", `${path} has more than the ${limit} bytes that are read`, { category: "invalid" });
}
