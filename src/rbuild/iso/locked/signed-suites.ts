import { basename } from "node:path";
import { withStep } from "../../../make-runner/index.ts";
import { hostPlatform } from "../../../oci/index.ts";
import type { RbuildReport } from "../../events.ts";
import { openAptWorkspace } from "../../lock/apt/apt-workspace.ts";
import { updateIndexes } from "../../lock/apt/update-indexes.ts";
import { findPackage, readSuites, type VerifiedSuite } from "../../lock/apt/verified-suite.ts";
import { findSources } from "../../lock/archive/archive-source.ts";
import { verifyInRelease } from "../../lock/archive/in-release.ts";
import type { LockedPackage } from "../../lock/image-lock.ts";
import type { KeptArchive } from "../../lock/kept-files.ts";
import type { WantedLock } from "../config/schema.ts";
import type { SignedSuite } from "./resolve-fetched.ts";

/** What the archives of a lock are now, and what to keep of each. */
export interface ArchiveStates {
  readonly suites: readonly SignedSuite[];
  /** By index of `suites`. */
  readonly kept: readonly KeptArchive[];
}

/**
 * Fetches the indexes of the declared suites, for the architecture of this host, and checks them from the signatures on.
 * @param at seconds since 1970
 * @throws RbuildError `lock.*`, `mirror.*`, `debian.*`
 */
export async function readSignedSuites(
  {
    directory,
    wanted,
    mirrors,
    at,
  }: { readonly directory: string; readonly wanted: WantedLock; readonly mirrors: ReadonlyMap<string, string>; readonly at: number },
  { stateDirectory, report }: { readonly stateDirectory: string; readonly report: RbuildReport },
  options: { readonly signal?: AbortSignal },
): Promise<ArchiveStates> {
  return await withStep(report, { name: "lock.index" }, async () => {
    const sources = await findSources([{ definition: wanted, directory }], mirrors, options);
    await using workspace = await openAptWorkspace(stateDirectory, hostPlatform().architecture as "amd64", sources, options);
    await updateIndexes(workspace, at);
    const verified = await readSuites(workspace, at);
    return { suites: await Promise.all(verified.map((suite) => signedSuite(suite, at))), kept: verified.map(({ kept }) => kept) };
  });
}

async function signedSuite(suite: VerifiedSuite, at: number): Promise<SignedSuite> {
  const { locked, kept } = suite;
  const { release } = await verifyInRelease(kept.inRelease, kept.keyring, at, locked);
  return { archive: { ...locked, indexes: [] }, files: release.entries, packageAt: (path) => packageAt(suite, path) };
}

/** A file of the pool is named `<package>_<version>_<architecture>.deb`, its index entry says where it is. */
function packageAt(suite: VerifiedSuite, path: string): LockedPackage | undefined {
  const [, name] = /^([a-z0-9][a-z0-9+.-]+)_[^/]+\.deb$/.exec(basename(path)) ?? [];
  if (name === undefined) return undefined;
  for (const { fields } of suite.indexes.flatMap((index) => index.find(name))) {
    if (fields.get("filename")?.replace(/^\.\//, "") !== path) continue;
    return findPackage([suite], { name, version: fields.get("version") ?? "", architecture: fields.get("architecture") ?? "" })?.locked;
  }
  return undefined;
}
