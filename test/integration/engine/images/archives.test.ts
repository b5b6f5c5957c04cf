import { execFileSync } from "node:child_process";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { asDiffId, canonicalJson, digestHex, digestOf, type JsonValue, MEDIA_TYPE, parseReference } from "../../../../src/oci/index.ts";
import { byteString, type TarInput } from "../../../../src/system/index.ts";
import { openTestStore, type TestStore } from "../../../support/store.ts";
import { entry, file, once, tarOf } from "../../../support/tar-entries.ts";

const json = (value: unknown) => canonicalJson(value as JsonValue);
const configOf = (layers: readonly Buffer[], more: object = {}) =>
  json({
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["sh"] },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => digestOf(layer)) },
    docker_version: "20.10.24",
    ...more,
  });
const load = ({ images }: TestStore, archive: Uint8Array) => images.load(once(archive));
const bytes = (path: string, content: Uint8Array): TarInput => ({ ...file(path, "", { size: content.byteLength }), body: [content] });

async function layers(): Promise<[Buffer, Buffer]> {
  return [await tarOf([file("a", "1"), file("b", "1")]), await tarOf([file("b", "2"), file(".wh.a")])];
}

/** As dockerd 20.10 writes it: layers in directories of their own, one of them a link to another's. */
async function dockerArchive(change: { config?: string; layer?: Buffer } = {}): Promise<{ archive: Buffer; config: string }> {
  const [one, two] = await layers();
  const config = change.config ?? configOf([one, two, one]);
  const name = `${digestHex(digestOf(config))}.json`;
  const [a, b, c] = ["a", "b", "c"].map((letter) => letter.repeat(64));
  const archive = await tarOf([
    entry(`${a}/`, "directory"),
    file(`${a}/VERSION`, "1.0"),
    file(`${a}/json`, "{}"),
    bytes(`${a}/layer.tar`, one),
    bytes(`${b}/layer.tar`, change.layer ?? two),
    entry(`${c}/layer.tar`, "symlink", { linkPath: byteString(`../${a}/layer.tar`) }),
    file(name, config),
    file(
      "manifest.json",
      json([{ Config: name, RepoTags: ["app:1", "registry.test:5000/team/app:2"], Layers: [`${a}/layer.tar`, `${b}/layer.tar`, `${c}/layer.tar`] }]),
    ),
    file("repositories", json({ app: { "1": c } })),
  ]);
  return { archive, config };
}

test.each([
  ["plain", (archive: Buffer) => archive],
  ["gzip", (archive: Buffer) => gzipSync(archive)],
  ["gzip in two members", (archive: Buffer) => Buffer.concat([gzipSync(archive.subarray(0, 1000)), gzipSync(archive.subarray(1000))])],
  ["zstd", (archive: Buffer) => zstdCompressSync(archive)],
  ["zstd in two frames", (archive: Buffer) => Buffer.concat([zstdCompressSync(archive.subarray(0, 1000)), zstdCompressSync(archive.subarray(1000))])],
])("loads a docker-archive of the old kind, %s, and keeps the image's id", async (_, compress) => {
  const store = await openTestStore();
  const { archive, config } = await dockerArchive();
  const [image] = await load(store, compress(archive));
  expect(image).toMatchObject({ id: digestOf(config), references: ["app:1", "registry.test:5000/team/app:2"], config: { config: { Cmd: ["sh"] } } });
  expect(await store.images.validate(image!)).toEqual([]);
  await store.images.unpack(image!);
  expect(await store.snapshots.list()).toHaveLength(3);
});

/** An OCI layout as an archive. `index` lists what `index.json` names. */
async function ociArchive(blobs: readonly (Uint8Array | string)[], index: readonly object[], more: readonly TarInput[] = []): Promise<Buffer> {
  return tarOf([
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    file("index.json", json({ schemaVersion: 2, manifests: index })),
    ...blobs.map((blob) => bytes(`blobs/sha256/${digestHex(digestOf(blob))}`, Buffer.from(blob))),
    ...more,
  ]);
}
const descriptor = (mediaType: string, blob: Uint8Array | string, more: object = {}) => ({
  mediaType,
  digest: digestOf(blob),
  size: Buffer.byteLength(blob),
  ...more,
});
const manifestOf = (config: string, stored: readonly [string, Uint8Array][], more: object = {}) =>
  JSON.stringify(
    {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: descriptor(MEDIA_TYPE.config, config),
      layers: stored.map(([type, blob]) => descriptor(type, blob)),
      ...more,
    },
    null,
    3,
  );

test("loads compressed layers as they are, and unpacks them", async () => {
  const store = await openTestStore();
  const plain = await layers();
  const config = configOf(plain);
  const stored: [string, Buffer][] = [
    [MEDIA_TYPE.layerZstd, Buffer.concat([zstdCompressSync(plain[0].subarray(0, 700)), zstdCompressSync(plain[0].subarray(700))])],
    [MEDIA_TYPE.dockerLayerGzip, gzipSync(plain[1])],
  ];
  const manifest = manifestOf(config, stored, { annotations: { kept: "as it is" } });
  const archive = await ociArchive(
    [config, manifest, ...stored.map(([, blob]) => blob)],
    [descriptor(MEDIA_TYPE.manifest, manifest, { annotations: { "org.opencontainers.image.ref.name": "app:oci" } })],
  );
  const [image] = await load(store, archive);
  expect(image).toMatchObject({
    references: ["app:oci"],
    manifestDescriptor: { digest: digestOf(manifest), platform: { os: "linux", architecture: "amd64" } },
  });
  expect(await store.images.validate(image!)).toEqual([]);
  await store.images.unpack(image!);
  expect((await store.images.get(`app@${digestOf(manifest)}`)).id).toBe(digestOf(config));
});

test("loads what Docker saves since version 25: a layout with names for containerd and a docker-archive's table", async () => {
  const store = await openTestStore();
  const plain = await layers();
  const config = configOf(plain);
  const manifest = manifestOf(
    config,
    plain.map((layer) => [MEDIA_TYPE.layer, layer]),
  );
  const attestation = manifestOf("{}", []);
  const path = (blob: Uint8Array | string) => `blobs/sha256/${digestHex(digestOf(blob))}`;
  const nested = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: [
      descriptor(MEDIA_TYPE.manifest, "elsewhere", { platform: { os: "linux", architecture: "s390x" } }),
      descriptor(MEDIA_TYPE.manifest, manifest, { platform: { os: "linux", architecture: "amd64" } }),
      descriptor(MEDIA_TYPE.manifest, attestation, { platform: { os: "unknown", architecture: "unknown" } }),
    ],
  });
  const archive = await ociArchive(
    [config, manifest, nested, attestation, "{}", ...plain],
    [descriptor(MEDIA_TYPE.index, nested, { annotations: { "io.containerd.image.name": "registry.test/app:7", "org.opencontainers.image.ref.name": "7" } })],
    [file("manifest.json", json([{ Config: path(config), RepoTags: ["app:7"], Layers: plain.map(path) }]))],
  );
  const [image] = await load(store, archive);
  expect(image).toMatchObject({ id: digestOf(config), references: ["registry.test/app:7"] });
  await store.images.unpack(image!);
  const plainly = await ociArchive(
    [config, manifest, ...plain],
    [descriptor(MEDIA_TYPE.manifest, manifest, { annotations: { "org.opencontainers.image.ref.name": "8" } })],
    [file("manifest.json", json([{ Config: path(config), RepoTags: ["app:8"], Layers: plain.map(path) }]))],
  );
  expect((await load(store, plainly))[0]!.references).toEqual(["app:8", "registry.test/app:7"]);
});

test("saves one archive for Docker and for OCI tools, whose bytes depend on the images alone", async () => {
  const store = await openTestStore();
  const base = await store.images.importRootfs(once((await layers())[0]), { reference: parseReference("rbuild/base:1"), created: "1970-01-01T00:00:00Z" });
  await store.images.tag(base.manifestDescriptor, parseReference("rbuild/base:stable"));
  const other = await store.images.importRootfs(once((await layers())[1]), { reference: parseReference("other"), created: "1970-01-01T00:00:00Z" });
  const save = async ({ images }: TestStore, ...lookups: string[]) => Buffer.concat(await Array.fromAsync(images.save(lookups)));
  const saved = await save(store, "rbuild/base:1", "other:latest", "rbuild/base:stable");
  expect((await save(store, "other", "rbuild/base")).equals(saved)).toBe(true);
  const names = execFileSync("tar", ["-t"], { input: saved }).toString().trim().split("\n");
  expect(names.filter((name) => !/^blobs\/sha256\/[0-9a-f]{64}$/.test(name))).toEqual([
    "blobs/",
    "blobs/sha256/",
    "index.json",
    "manifest.json",
    "oci-layout",
    "repositories",
  ]);
  const read = (name: string) => JSON.parse(execFileSync("tar", ["-xO", name], { input: saved }).toString());
  const path = (digest: string) => `blobs/sha256/${digest.slice(7)}`;
  expect(read("manifest.json")).toContainEqual({
    Config: path(base.id),
    RepoTags: ["rbuild/base:1", "rbuild/base:stable"],
    Layers: [path(base.manifest.layers[0]!.digest)],
  });
  expect(read("repositories")).toEqual({
    other: { latest: other.manifest.layers[0]!.digest.slice(7) },
    "rbuild/base": { "1": expect.any(String), stable: expect.any(String) },
  });
  const fresh = await openTestStore();
  const loaded = (await load(fresh, saved)).map(({ manifestDescriptor: { digest }, references }) => [digest, references]);
  expect(Object.fromEntries(loaded)).toEqual({
    [base.manifestDescriptor.digest]: ["rbuild/base:1", "rbuild/base:stable"],
    [other.manifestDescriptor.digest]: ["other:latest"],
  });
  expect((await save(fresh, "rbuild/base", "other")).equals(saved)).toBe(true);
  const nameless = await save(store, base.id);
  expect((await load(await openTestStore(), nameless))[0]!.references).toEqual([]);
  await expect(save(store, "nothing")).rejects.toMatchObject({ code: "image.not-found" });
});

const REFUSED: Record<string, [code: string, make: () => Promise<Buffer>]> = {
  "an archive that is none": ["image.invalid", async () => Buffer.alloc(5000, "no tar")],
  "an empty one": ["image.invalid", () => tarOf([])],
  "one without images": ["image.invalid", () => ociArchive([], [])],
  "half a gzip": ["image.decompression-failed", async () => gzipSync((await dockerArchive()).archive).subarray(0, 300)],
  "half a zstd": ["image.decompression-failed", async () => zstdCompressSync((await dockerArchive()).archive).subarray(0, 300)],
  "half an archive": ["tar.truncated", async () => (await dockerArchive()).archive.subarray(0, 5000)],
  "a blob that is not what its name says": ["content.digest-mismatch", async () => ociArchive([], [], [file(`blobs/sha256/${"0".repeat(64)}`, "not zeros")])],
  "a layer that is not what the config says": ["layer.diff-id-mismatch", async () => (await dockerArchive({ layer: await tarOf([file("evil")]) })).archive],
  "a config without the layers": ["image.invalid", async () => (await dockerArchive({ config: configOf([]) })).archive],
  "a config that is none": ["image.invalid", async () => (await dockerArchive({ config: "{}" })).archive],
  "another system's image": [
    "image.invalid",
    async () => (await dockerArchive({ config: configOf([...(await layers()), (await layers())[0]], { os: "windows" }) })).archive,
  ],
  "a name that is none": [
    "image.invalid",
    () => tarOf([file("c.json", configOf([])), file("manifest.json", json([{ Config: "c.json", RepoTags: ["UPPER"], Layers: [] }]))]),
  ],
  "a layer that is missing": [
    "image.incomplete",
    () => tarOf([file("c.json", configOf([])), file("manifest.json", json([{ Config: "c.json", RepoTags: null, Layers: ["../../etc/passwd"] }]))]),
  ],
  "a link that goes round": [
    "image.incomplete",
    () =>
      tarOf([entry("c.json", "symlink", { linkPath: byteString("c.json") }), file("manifest.json", json([{ Config: "c.json", RepoTags: null, Layers: [] }]))]),
  ],
  "a manifest whose layer is missing": [
    "image.incomplete",
    async () => {
      const [layer] = await layers();
      const manifest = manifestOf(configOf([layer]), [[MEDIA_TYPE.layer, layer]]);
      return ociArchive([configOf([layer]), manifest], [descriptor(MEDIA_TYPE.manifest, manifest)]);
    },
  ],
  "a manifest that is missing": ["content.not-found", () => ociArchive([], [descriptor(MEDIA_TYPE.manifest, "absent")])],
  "a layer of an unknown type": [
    "image.invalid",
    async () => {
      const [layer] = await layers();
      const manifest = manifestOf(configOf([layer]), [["application/x-unknown", layer]]);
      return ociArchive([configOf([layer]), manifest, layer], [descriptor(MEDIA_TYPE.manifest, manifest)]);
    },
  ],
  "nothing for this platform": [
    "image.invalid",
    async () => {
      const platforms = ["s390x", "ppc64le"].map((architecture) => descriptor(MEDIA_TYPE.manifest, architecture, { platform: { os: "linux", architecture } }));
      const index = json({ schemaVersion: 2, manifests: platforms });
      return ociArchive([index], [descriptor(MEDIA_TYPE.index, index)]);
    },
  ],
};

test.each(Object.entries(REFUSED))("refuses to load %s, and names no image by it", async (_, [code, make]) => {
  const store = await openTestStore();
  await expect(load(store, await make())).rejects.toMatchObject({ code });
  expect(await store.images.list()).toEqual([]);
});

test("finds out when unpacking that a compressed layer is not what the config says", async () => {
  const store = await openTestStore();
  const [one, two] = await layers();
  const config = configOf([one]);
  const manifest = manifestOf(config, [[MEDIA_TYPE.layerGzip, gzipSync(two)]]);
  const [image] = await load(store, await ociArchive([config, manifest, gzipSync(two)], [descriptor(MEDIA_TYPE.manifest, manifest)]));
  await expect(store.images.unpack(image!)).rejects.toMatchObject({ code: "layer.diff-id-mismatch" });
  expect(await store.images.validate(image!)).toEqual([expect.stringContaining("layer 0: its content is")]);
  expect(await store.snapshots.list()).toEqual([]);
  expect(asDiffId(digestOf(one))).toBe(image!.config.rootfs.diff_ids[0]);
});
