import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf, parseImageConfig, parseManifest } from "../../../../../src/oci/index.ts";
import { writeImageArchive } from "../../../../../src/rbuild/images/assemble/image-archive.ts";
import { encodeImage } from "../../../../../src/rbuild/images/assemble/image-blobs.ts";
import { show, temporaryDirectory } from "../support.ts";

const layer = { digest: digestOf("layer"), size: 5 };
const origin = { name: "base", version: "1", sourceDateEpoch: 1_700_000_000 };
const image = encodeImage({ os: "linux", architecture: "amd64" }, { Cmd: ["sh"] }, [layer], [origin]);

test("config and manifest have the digests that they always had", () => {
  expect([image.imageId, image.digest, image.size]).toEqual([
    "sha256:b69f42b42d946626f3c12c6af60fd2abefa456d3773d36c7c6a21f0ba1ef07d7",
    "sha256:497c9c290fda50519581b1afaae9a8c908530ce5389bbb6891724a7e9453c9f9",
    5,
  ]);
});

test("config and manifest are valid by the OCI image-spec, with the time of the image", () => {
  const config = parseImageConfig(image.config);
  expect(config).toMatchObject({ created: "2023-11-14T22:13:20Z", rootfs: { diff_ids: [layer.digest] }, history: [{ created: "2023-11-14T22:13:20Z" }] });
  expect(parseManifest(image.manifest).config.digest).toBe(image.imageId);
});

test("the archive is one that docker load and OCI tools read", async () => {
  const path = join(await temporaryDirectory(), "layer");
  await writeFile(path, "layer");
  const members = await show(writeImageArchive(image, [{ ...layer, path }], "rbuild/base:1"));
  const blob = (digest: string) => `blobs/sha256/${digest.slice(7)}`;
  expect([...members.keys()]).toEqual(["oci-layout", "index.json", "manifest.json", blob(image.digest), blob(image.imageId), blob(layer.digest)]);
  expect(JSON.parse(members.get("manifest.json")?.content ?? "")).toEqual([
    { Config: blob(image.imageId), RepoTags: ["rbuild/base:1"], Layers: [blob(layer.digest)] },
  ]);
  expect(JSON.parse(members.get("index.json")?.content ?? "").manifests[0]).toMatchObject({ digest: image.digest, size: image.manifest.byteLength });
});
