import { copyFile, link, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestHex, digestOf } from "../../src/oci/index.ts";
import type { BlobFile } from "../../src/rbuild/repository/delta/delta.ts";
import { timeText } from "../../src/rbuild/trust/format/fields.ts";
import { writeRoot } from "../../test/support/repository/publish-lab.ts";
import { testKey } from "../../test/support/trust/test-keys.ts";
import { TestRepository } from "../../test/support/trust/test-repository.ts";
import type { Release } from "./two-releases.ts";

export interface MadeDelta {
  readonly from: BlobFile;
  readonly to: BlobFile;
  readonly path: string;
  readonly sha256: BlobFile["digest"];
  readonly size: number;
  readonly window: number;
  readonly method: "zstd-patch-from";
}

const DAY = 86_400_000;

/** A signed repository of releases as an engine has them, layers as they are, and of deltas; made without encoding anything. */
export async function writeReleaseRepository(
  releases: readonly Release[],
  deltas: readonly MadeDelta[],
  directory: string,
): Promise<{ readonly keys: string }> {
  const [keys, now] = [`${directory}.keys`, new Date()];
  const [owner, publisher] = await Promise.all([testKey("owner"), testKey("publisher")]);
  await writeRoot(keys, owner, { root: owner, publisher, freshness: publisher });
  const repository = new TestRepository();
  const lock = Buffer.from("{}\n");
  const lockPath = `locks/sha256/${digestHex(digestOf(lock))}.json`;
  repository.files.set(lockPath, lock);
  const blobs = new Map(releases.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]).map((blob) => [blob.digest, blob]));
  const sorted = <T>(list: readonly T[], key: (item: T) => string): T[] => list.toSorted((left, right) => (key(left) < key(right) ? -1 : 1));
  const blobPath = ({ digest }: BlobFile) => `blobs/sha256/${digestHex(digest)}`;
  const deltaPath = ({ sha256 }: MadeDelta) => `deltas/sha256/${digestHex(sha256)}.zst`;
  await repository.putState({
    publishers: [publisher],
    freshnessKeys: [publisher],
    made: now,
    freshnessFields: { asOf: timeText(now), expires: timeText(new Date(now.getTime() + DAY)) },
    indexFields: {
      issued: timeText(now),
      expires: timeText(new Date(now.getTime() + 2 * DAY)),
      images: sorted(releases, ({ name, version }) => `${name}\0${version}`).map(({ name, version, manifest, config, layers }) => ({
        name,
        version,
        architecture: "amd64",
        channels: [],
        compatibilityVersion: 1,
        released: timeText(now),
        manifest: manifest.digest,
        config: config.digest,
        layers: layers.map(({ digest }) => digest),
        lock: digestOf(lock),
      })),
      blobs: sorted([...blobs.values()], ({ digest }) => digest).map((blob) => ({
        digest: blob.digest,
        size: blob.size,
        plain: { path: blobPath(blob), sha256: blob.digest, size: blob.size },
        encodings: [],
      })),
      deltas: sorted(deltas, deltaPath).map((delta) => ({
        path: deltaPath(delta),
        sha256: delta.sha256,
        size: delta.size,
        method: delta.method,
        from: delta.from.digest,
        to: delta.to.digest,
        window: delta.window,
      })),
      locks: [{ path: lockPath, sha256: digestOf(lock), size: lock.byteLength }],
    },
  });
  const place = async (path: string) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    return join(directory, path);
  };
  for (const [path, bytes] of repository.files) await writeFile(await place(path), bytes);
  await copyRoot(keys, directory);
  for (const blob of blobs.values()) await link(blob.path, await place(blobPath(blob)));
  for (const delta of deltas) await link(delta.path, await place(deltaPath(delta)));
  return { keys };
}

async function copyRoot(keys: string, directory: string): Promise<void> {
  await mkdir(join(directory, "root"), { recursive: true });
  for (const name of ["1.json", "1.json.asc"]) await copyFile(join(keys, "root", name), join(directory, "root", name));
}
