import { Readable } from "node:stream";
import type Docker from "dockerode";
import { expect, test } from "vitest";
import { type Digest, digestOf } from "../../../../src/oci/index.ts";
import type { ContainerHost } from "../../../../src/rbuild/container-host/container-host.ts";
import { encodeImage } from "../../../../src/rbuild/images/assemble/image-blobs.ts";
import { identifyImage, isSameImage } from "../../../../src/rbuild/images/identify-image.ts";
import { rootfs, temporaryDirectory } from "./support.ts";

const LAYERS = ["lower layer", "upper"];
const layers = LAYERS.map((text) => ({ digest: digestOf(text), size: text.length }));
const image = encodeImage({ os: "linux", architecture: "amd64" }, {}, layers, []);
const pin = { imageId: image.imageId as string, digest: image.digest as string };
const other: Digest = digestOf("another manifest");

/** Files as `docker save` of Docker 20.10 names them. */
const files = (config: string, ...parts: readonly string[]) =>
  ["rootfs.json", ...parts.map((_part, at) => `${at}/layer.tar`)].map((path, at) => [path, "file", { content: [config, ...parts][at] ?? "" }] as const);
const SAVED = files(Buffer.from(image.config).toString(), ...LAYERS);

/** What an engine that keeps no manifests tells; counts how often the image is read. */
async function engine(saved = SAVED) {
  let reads = 0;
  const containerHost = { getImage: () => ({ get: async () => (reads++, Readable.from(rootfs(saved), { objectMode: false })) }) } as unknown as ContainerHost;
  const stateDirectory = await temporaryDirectory();
  return {
    reads: () => reads,
    find: (told: Partial<Docker.ImageInspectInfo>, wanted = pin, signal?: AbortSignal) =>
      identifyImage({ Id: pin.imageId, RootFS: { Type: "layers", Layers: layers.map(({ digest }) => digest) }, ...told } as Docker.ImageInspectInfo, wanted, {
        containerHost,
        stateDirectory,
        ...(signal ? { signal } : {}),
      }),
  };
}

test("an engine that tells the manifest is not asked for more", async () => {
  const { find, reads } = await engine();
  expect(await find({ Descriptor: { mediaType: "", digest: pin.digest, size: 1 } })).toEqual(pin);
  expect(reads()).toBe(0);
});

test("of an engine that keeps no manifests the image is read, once", async () => {
  const { find, reads } = await engine();
  expect(await find({})).toEqual(pin);
  expect(await find({})).toEqual(pin);
  expect(reads()).toBe(1);
});

test("a digest that does not belong to the config is found out, whatever the engine keeps", async () => {
  const { find } = await engine();
  const edited = { ...pin, digest: other };
  for (const told of [{}, { Descriptor: { mediaType: "", digest: pin.digest, size: 1 } }]) {
    const found = await find(told, edited);
    expect(found).toEqual(pin);
    expect(isSameImage(found, edited)).toBe(false);
  }
});

test("an engine that calls images by their manifests is understood, and a config that the manifest does not name is found out", async () => {
  const { find } = await engine();
  const told = { Id: pin.digest, Descriptor: { mediaType: "", digest: pin.digest, size: 1 } };
  expect(await find(told)).toEqual(pin);
  const edited = { ...pin, imageId: digestOf("another config") };
  expect(isSameImage(await find(told, edited), edited)).toBe(false);
});

test("layers that the engine gives out compressed leave the manifest open", async () => {
  const { find } = await engine(files(Buffer.from(image.config).toString(), "other bytes", "upper"));
  expect(await find({ Descriptor: { mediaType: "", digest: other, size: 1 } })).toEqual({ imageId: pin.imageId, digest: undefined });
});

test("another image is told by its id alone", async () => {
  const { find, reads } = await engine();
  expect(await find({ Id: other })).toEqual({ imageId: other, digest: undefined });
  expect(reads()).toBe(0);
});

test("an image is not read to its end when nobody wants to know any more", async () => {
  const { find } = await engine();
  await expect(find({}, pin, AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
});
