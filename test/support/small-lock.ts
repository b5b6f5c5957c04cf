import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, type Digest, digestOf } from "../../src/oci/index.ts";
import type { ImageLock, LockedPackage } from "../../src/rbuild/lock/image-lock.ts";
import type { Pool } from "../../src/rbuild/pool/pool.ts";
import { buildDeb, type TestPackage } from "./apt-archive/index.ts";

const FILL = `sha256:${"0".repeat(64)}` as Digest;

/** Builds packages into a directory and a pool. They come back as a lock has them. */
export async function lockPackages(directory: string, pool: Pool | undefined, wanted: readonly TestPackage[]): Promise<LockedPackage[]> {
  const locked: LockedPackage[] = [];
  for (const each of wanted) {
    const { path, size, sha256 } = await buildDeb(directory, each);
    const { name, version, architecture = "all", source } = each;
    const item = { sha256: `sha256:${sha256}` as Digest, size, path, archive: "debian" };
    locked.push({ name, version, architecture, source: source?.replace(/[()]/g, "") ?? name, ...item });
    await pool?.put(item, [await readFile(join(directory, path))] as unknown as AsyncIterable<Uint8Array>);
  }
  return locked.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** A lock of amd64 with these packages, as rbuild takes it. */
export function smallLock(name: string, packages: readonly LockedPackage[], fields: Partial<ImageLock> = {}): ImageLock {
  const wanted = fields.wanted ?? { name };
  return {
    lockVersion: 1,
    compatibilityVersion: 1,
    name,
    sourceDateEpoch: 1_700_000_000,
    lockedAt: 1_700_000_100,
    archives: [
      {
        archive: "debian",
        suite: "bookworm",
        components: ["main"],
        version: "12.1",
        date: 1_700_000_000,
        inRelease: FILL,
        keyring: FILL,
        signedBy: ["A".repeat(40)],
        indexes: [],
      },
    ],
    architectures: { amd64: { packages: [...packages], offers: [] } },
    ...fields,
    wanted,
    definition: digestOf(canonicalJson(wanted)),
  };
}
