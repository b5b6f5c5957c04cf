import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Digest, digestOf } from "../../../src/oci/index.ts";
import type { LockedPackage } from "../../../src/rbuild/lock/image-lock.ts";
import { timeText } from "../../../src/rbuild/trust/format/fields.ts";
import { scratchDirectory } from "../scratch.ts";
import { smallLock } from "../small-lock.ts";
import { NOW, type TestKey, testKey } from "../trust/test-keys.ts";
import { TestRepository } from "../trust/test-repository.ts";

/** A repository of small images in a directory: two states, signed. `tools` 1.0 and 2.0 for amd64, 2.0 for arm64 too. */
export interface ImagesOnDisk {
  readonly directory: string;
  /** Of `tools` 2.0 for amd64. */
  readonly manifest: Digest;
  /** The layer of `tools` 1.0, kept as it is; that of 2.0 (amd64), kept in zstd and gzip alone. */
  readonly plainLayer: Uint8Array;
  readonly encodedLayer: Uint8Array;
  /** A checkout's `keys/` that vouches for it. */
  readonly keys: string;
}

type Fields = { readonly [key: string]: never };

/** @param now when it was signed; the freshness is good for seven days */
export async function imagesOnDisk(now: Date = NOW, makeDirectory: () => Promise<string> = scratchDirectory): Promise<ImagesOnDisk> {
  const after = (days: number) => timeText(new Date(now.getTime() + days * 86_400_000));
  const directory = await makeDirectory();
  const keys = await makeDirectory();
  const [root, publisher, cron] = (await Promise.all(["root", "publisher", "cron"].map((name) => testKey(name)))) as [TestKey, TestKey, TestKey];
  const repository = new TestRepository();
  await repository.putRoot(
    1,
    { root: { keys: [root], threshold: 1 }, publisher: { keys: [publisher], threshold: 1 }, freshness: { keys: [cron], threshold: 1 } },
    [root],
    { issued: after(-30), expires: after(300) },
    now,
  );
  const first = makeImage("1.0", "amd64", "2026-10-01T00:00:00Z", ["stable"], [bash("5.2-1"), { ...bash("1"), name: "old" }], "plain");
  const second = makeImage("2.0", "amd64", "2026-11-01T00:00:00Z", ["testing"], [bash("5.2-2"), { ...bash("<b>"), name: "new" }], "encoded");
  const arm = makeImage("2.0", "arm64", "2026-11-01T00:00:00Z", ["testing"], [bash("5.2-2")], "plain");
  const signed = { publishers: [publisher], freshnessKeys: [cron], made: now, freshnessFields: { asOf: after(0), expires: after(7) } };
  const times = { issued: after(0), expires: after(180) };
  await repository.putState({ ...signed, index: 1, indexFields: { ...indexFields([first]), ...times } });
  await repository.putState({ ...signed, index: 2, indexFields: { ...indexFields([first, second, arm]), ...times } });
  for (const [path, bytes] of [...repository.files, ...[first, second, arm].flatMap(({ files }) => [...files])]) await put(directory, path, bytes);
  for (const [path, bytes] of repository.files) if (path.startsWith("root/")) await put(keys, path, bytes);
  return { directory, keys, manifest: second.image.manifest, plainLayer: first.layer, encodedLayer: second.layer };
}

async function put(directory: string, path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), bytes);
}

const bash = (version: string): LockedPackage => ({
  name: "bash",
  version: version.replaceAll(/[^A-Za-z0-9.+:~-]/g, "."),
  architecture: "amd64",
  size: 1,
  sha256: digestOf(version),
  path: "pool/b/bash.deb",
  source: "bash",
  archive: "debian",
});

type MadeImage = ReturnType<typeof makeImage>;

function makeImage(
  version: string,
  architecture: "amd64" | "arm64",
  released: string,
  channels: string[],
  packages: LockedPackage[],
  kept: "plain" | "encoded",
) {
  const layer = tarOf(pseudoRandom(`${version} ${architecture}`, 582 * 512), 300_000);
  const config = Buffer.from(
    JSON.stringify({ architecture, os: "linux", config: {}, created: released, history: [], rootfs: { type: "layers", diff_ids: [digestOf(layer)] } }),
  );
  const descriptor = (mediaType: string, bytes: Uint8Array) => ({ mediaType, digest: digestOf(bytes), size: bytes.byteLength });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptor("application/vnd.oci.image.config.v1+json", config),
      layers: [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
    }),
  );
  const sorted = packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const lock = Buffer.from(JSON.stringify(smallLock("tools", [], { architectures: { [architecture]: { packages: sorted, offers: [] } } })));
  const files = new Map<string, Uint8Array>();
  const keep = (path: string, bytes: Uint8Array) => {
    files.set(path, bytes);
    return { path, sha256: digestOf(bytes), size: bytes.byteLength };
  };
  const plain = (bytes: Uint8Array) => ({ plain: keep(`blobs/sha256/${hex(bytes)}`, bytes), encodings: [] });
  const encoded = (bytes: Uint8Array) => {
    const [gzip, zstd] = [gzipSync(bytes), zstdCompressSync(bytes)];
    return {
      encodings: [
        { encoding: "gzip", ...keep(`encoded/sha256/${hex(gzip)}.gz`, gzip) },
        { encoding: "zstd", ...keep(`encoded/sha256/${hex(zstd)}.zst`, zstd) },
      ],
    };
  };
  const blobs = [
    ...[manifest, config].map((bytes) => ({ digest: digestOf(bytes), size: bytes.byteLength, ...plain(bytes) })),
    { digest: digestOf(layer), size: layer.byteLength, ...(kept === "plain" ? plain(layer) : encoded(layer)) },
  ];
  const lockFile = keep(`locks/sha256/${hex(lock)}.json`, lock);
  const image = {
    name: "tools",
    version,
    architecture,
    channels,
    compatibilityVersion: 1,
    released,
    manifest: digestOf(manifest),
    config: digestOf(config),
    layers: [digestOf(layer)],
    lock: lockFile.sha256,
  };
  return { image, blobs, lockFile, files, layer };
}

function indexFields(images: readonly MadeImage[]): Fields {
  const by = <T>(list: readonly T[], key: (item: T) => string) => list.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    images: by(
      images.map(({ image }) => image),
      ({ version, architecture }) => `${version}\0${architecture}`,
    ),
    blobs: by(
      images.flatMap(({ blobs }) => blobs),
      ({ digest }) => digest,
    ),
    locks: by(
      images.map(({ lockFile }) => lockFile),
      ({ path }) => path,
    ),
  } as unknown as Fields;
}

const hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The same for the same name, and not to be compressed much. */
function pseudoRandom(name: string, length: number): Uint8Array {
  return Buffer.concat(Array.from({ length: Math.ceil(length / 32) }, (_, index) => createHash("sha256").update(`${name} ${index}`).digest())).subarray(
    0,
    length,
  );
}

/** A tar with the one file `data`, filled up with zeros. Its contents end at a block. POSIX.1, "ustar Interchange Format". */
function tarOf(content: Uint8Array, length: number): Uint8Array {
  const header = Buffer.alloc(512);
  header.write("data", 0);
  header.write(`0000644\0${"0000000\0".repeat(2)}${content.byteLength.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0        0`, 100);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc(length - 512 - content.byteLength)]);
}
