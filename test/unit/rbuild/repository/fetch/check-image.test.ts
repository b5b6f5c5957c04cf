import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { encodeImage } from "../../../../../src/rbuild/images/assemble/image-blobs.ts";
import { checkImage } from "../../../../../src/rbuild/repository/fetch/check-image.ts";
import type { PublishedImage } from "../../../../../src/rbuild/repository/fetch/select-image.ts";
import type { RepositoryIndex } from "../../../../../src/rbuild/trust/format/index-file.ts";

const layers = ["one", "two"].map((text) => ({ digest: digestOf(text), size: text.length }));
const made = encodeImage({ os: "linux", architecture: "amd64" }, {}, layers, []);
const image: PublishedImage = {
  name: "tools",
  version: "1",
  architecture: "amd64",
  channels: [],
  compatibilityVersion: 1,
  released: "2026-11-21T12:00:00Z",
  manifest: made.digest,
  config: made.imageId,
  layers: layers.map(({ digest }) => digest),
  lock: digestOf("lock"),
};
const indexOf = (blobs: typeof layers) => ({ blobs: blobs.map((blob) => ({ ...blob, encodings: [] })) }) as unknown as RepositoryIndex;
const index = indexOf(layers);

/** Another manifest or config, which the index names as the image's. */
function signed(change: { readonly manifest?: (value: Fields) => Fields; readonly config?: (value: Fields) => Fields }) {
  const edit = (bytes: Uint8Array, how = (value: Fields) => value) => Buffer.from(JSON.stringify(how(JSON.parse(Buffer.from(bytes).toString()))));
  const config = edit(made.config, change.config);
  const named = (value: Fields) => ({ ...value, config: { ...(value["config"] as Fields), digest: digestOf(config), size: config.byteLength } });
  const manifest = edit(made.manifest, (value) => (change.manifest ?? ((same) => same))(named(value)));
  return [
    { ...image, manifest: digestOf(manifest), config: digestOf(config) },
    { manifest, config },
  ] as const;
}
type Fields = Record<string, unknown>;

test("what fits is accepted, with the digests and the size of all layers", () => {
  expect(checkImage(image, made, index)).toMatchObject({ digest: made.digest, imageId: made.imageId, size: 6 });
});

const layersOf = (value: Fields) => value["layers"] as Fields[];
test.each<[string, Parameters<typeof signed>[0], RegExp]>([
  ["a manifest with its layers in another order", { manifest: (value) => ({ ...value, layers: layersOf(value).toReversed() }) }, /manifest names other layers/],
  ["a manifest with a layer more", { manifest: (value) => ({ ...value, layers: [...layersOf(value), layersOf(value)[0]] }) }, /manifest names other layers/],
  [
    "a manifest with another size",
    { manifest: (value) => ({ ...value, layers: layersOf(value).map((layer) => ({ ...layer, size: 4 })) }) },
    /bytes, the index/,
  ],
  [
    "a compressed layer",
    { manifest: (value) => ({ ...value, layers: layersOf(value).map((layer) => ({ ...layer, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" })) }) },
    /not an uncompressed tar/,
  ],
  [
    "a manifest that names another config",
    { manifest: (value) => ({ ...value, config: { ...(value["config"] as Fields), digest: digestOf("x") } }) },
    /another config/,
  ],
  ["a config with other layers", { config: (value) => ({ ...value, rootfs: { type: "layers", diff_ids: [digestOf("x")] } }) }, /config names other layers/],
  ["a config of another architecture", { config: (value) => ({ ...value, architecture: "arm64" }) }, /linux on arm64/],
  ["a config of another system", { config: (value) => ({ ...value, os: "windows" }) }, /windows on amd64/],
  ["a manifest that is none", { manifest: () => ({ schemaVersion: 1 }) }, /image manifest/],
])("%s is refused, whoever signed it", (_what, change, reason) => {
  const [published, blobs] = signed(change);
  expect(() => checkImage(published, blobs, index)).toThrow(expect.objectContaining({ code: "trust.wrong-image", message: expect.stringMatching(reason) }));
});

test("bytes of another digest are refused", () => {
  expect(() => checkImage(image, { ...made, manifest: Buffer.concat([made.manifest, Buffer.from(" ")]) }, index)).toThrow(
    expect.objectContaining({ code: "trust.wrong-image" }),
  );
});
