import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import type { ContainerHost } from "../../../../src/rbuild/container-host/container-host.ts";
import type { RbuildEvent } from "../../../../src/rbuild/events.ts";
import { checkPin } from "../../../../src/rbuild/images/check-pin.ts";
import { ensureImage } from "../../../../src/rbuild/images/ensure-image.ts";
import { listImages } from "../../../../src/rbuild/images/list-images.ts";
import { writePin } from "../../../../src/rbuild/images/pin/pin-file.ts";
import { temporaryDirectory } from "./support.ts";

const architecture = process.arch === "arm64" ? "arm64" : "amd64";
const pinOf = (name: string) => ({ name, version: "1", architecture, digest: digestOf(`${name} manifest`), imageId: digestOf(`${name} config`) });

/** An engine that has nothing but these images, by reference or id, and tells their manifests. */
function hostWith(images: Readonly<Record<string, string>>): ContainerHost {
  const manifests = new Map(["base", "top"].map((name) => [pinOf(name).imageId as string, pinOf(name).digest]));
  const inspect = (lookup: string) => async () => {
    const Id = images[lookup] ?? Object.values(images).find((id) => id === lookup);
    if (Id === undefined) throw Object.assign(new Error("no such image"), { statusCode: 404 });
    return { Id, Config: { Labels: {} }, RootFS: { Layers: [] }, Descriptor: { digest: manifests.get(Id) ?? Id } };
  };
  return { getImage: (lookup: string) => ({ inspect: inspect(lookup) }) } as unknown as ContainerHost;
}

/** `base` and, on top of it, `top`; both pinned unless said otherwise. */
async function setUp(images: Readonly<Record<string, string>>, pinned: readonly string[] = ["base", "top"]) {
  const directory = await temporaryDirectory();
  const texts = {
    base: 'name: base\nversion: "1"\nsuites: [{ suite: bookworm }]\n',
    top: 'name: top\nversion: "1"\nfrom: base\n',
  };
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, "image.yaml"), text);
    if (pinned.includes(name)) await writePin(join(directory, name), pinOf(name));
  }
  const events: RbuildEvent[] = [];
  return {
    containerHost: hostWith(images),
    imageDirectories: [directory],
    stateDirectory: directory,
    report: (event: RbuildEvent) => void events.push(event),
    events,
  };
}

const TOP = { "rbuild/top:1": pinOf("top").imageId };

test("the pinned image is accepted, the one below it need not be there", async () => {
  const dependencies = await setUp(TOP);
  expect(await ensureImage({ name: "top" }, dependencies)).toMatchObject({ kind: "exact", how: "present", imageId: pinOf("top").imageId });
  expect(dependencies.events.at(-1)).toMatchObject({ kind: "image.accepted", how: "present", digest: pinOf("top").digest });
});

test("a pinned image that lost its name is still the pinned one", async () => {
  expect(await checkPin({ name: "top" }, await setUp({ "other:tag": pinOf("top").imageId }))).toMatchObject({ kind: "exact" });
});

test("another image of that name is refused, naming wanted, found and what mends it", async () => {
  const found = digestOf("another");
  const error: unknown = await ensureImage({ name: "top" }, await setUp({ "rbuild/top:1": found })).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "image.pin-mismatch", category: "refused", hint: expect.stringContaining("rbuild image build top --force") });
  expect((error as Error).message).toContain(pinOf("top").imageId);
  expect((error as Error).message).toContain(found);
});

test("another image below the pinned one is refused too", async () => {
  const dependencies = await setUp({ ...TOP, "rbuild/base:1": digestOf("another") });
  await expect(ensureImage({ name: "top" }, dependencies)).rejects.toMatchObject({
    code: "image.pin-mismatch",
    message: expect.stringContaining("rbuild/base:1"),
  });
});

test("the override uses what is there and says why it is not the pinned one", async () => {
  const found = digestOf("another");
  const dependencies = await setUp({ "rbuild/top:1": found });
  expect(await ensureImage({ name: "top", allowMismatch: true }, dependencies)).toMatchObject({
    kind: "overridden",
    imageId: found,
    reason: expect.stringContaining(found),
  });
  expect(dependencies.events.at(-1)).toMatchObject({ kind: "image.accepted", how: "override" });
  const below = await setUp({ ...TOP, "rbuild/base:1": found });
  expect(await ensureImage({ name: "top", allowMismatch: true }, below)).toMatchObject({ kind: "overridden", imageId: pinOf("top").imageId });
});

test("an image without a pin for its version and architecture is refused", async () => {
  await expect(ensureImage({ name: "top" }, await setUp(TOP, ["base"]))).rejects.toMatchObject({ code: "image.unpinned", hint: "rbuild image pin top" });
});

test("the list has each image with its pin and what the engine has of it", async () => {
  const listed = await listImages(await setUp({ "rbuild/top:1": digestOf("another") }, ["top"]));
  expect(listed).toMatchObject([
    { name: "base", verdict: "unpinned", pin: undefined },
    { name: "top", verdict: "different", pin: { imageId: pinOf("top").imageId } },
  ]);
});

test("what is not right about one definition or pin does not keep the others from being listed", async () => {
  const dependencies = await setUp(TOP, ["top"]);
  const [directory] = dependencies.imageDirectories as [string];
  await writeFile(join(directory, "base", "image.pin.json"), "{");
  await mkdir(join(directory, "bad"));
  await writeFile(join(directory, "bad", "image.yaml"), "name: bad\nversion: 1\n");
  expect(await listImages(dependencies)).toMatchObject([
    { name: "top", verdict: "exact" },
    { name: "base", verdict: "broken", code: "image.pin-invalid" },
    { name: "bad", verdict: "broken", code: "definition.invalid", message: expect.stringContaining("image.yaml:2: version") },
  ]);
});
