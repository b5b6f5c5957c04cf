import { digestOf } from "../../../../../src/oci/index.ts";
import type { TreeLock } from "../../../../../src/rbuild/iso/locked/tree-lock.ts";
import type { LockedArchive, LockedPackage } from "../../../../../src/rbuild/lock/image-lock.ts";

export const IN_RELEASE = "signed";

export const ARCHIVE: LockedArchive = {
  archive: "debian",
  suite: "bookworm",
  components: ["main"],
  version: "12.15",
  date: 1_700_000_000,
  inRelease: digestOf(IN_RELEASE),
  keyring: digestOf("keyring"),
  signedBy: ["A".repeat(40)],
  indexes: [],
};

export function lockedPackage(name: string, content = name): LockedPackage {
  const path = `pool/main/${name[0]}/${name}/${name}_1.0_amd64.deb`;
  return { name, version: "1.0", architecture: "amd64", size: Buffer.byteLength(content), sha256: digestOf(content), path, source: name, archive: "debian" };
}

export const WANTED = { suites: [{ archive: "debian", suite: "bookworm", components: ["main"] }] };

export function treeLock(fields: Partial<TreeLock> = {}): TreeLock {
  return { lockVersion: 1, lockedAt: 1_700_000_100, wanted: WANTED, archives: [ARCHIVE], packages: [lockedPackage("bash"), lockedPackage("dpkg")], ...fields };
}
