import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RbuildEvent } from "../../../../src/rbuild/events.ts";
import { buildImage } from "../../../../src/rbuild/images/build-image.ts";
import { checkPin } from "../../../../src/rbuild/images/check-pin.ts";
import { ensureImage } from "../../../../src/rbuild/images/ensure-image.ts";
import { readPin } from "../../../../src/rbuild/images/pin/pin-file.ts";
import { pinImage } from "../../../../src/rbuild/images/pin-image.ts";
import { byteString, readTar, textOf } from "../../../../src/system/tar/index.ts";
import { openTestHost } from "../../../support/iso/container-host.ts";

const IMAGES = resolve(import.meta.dirname, "../../../../images");

describe("the base image, built for real", () => {
  let docker: Docker;
  let directory: string;
  let own: string;
  const cleanUp = new AsyncDisposableStack();
  const events: RbuildEvent[] = [];
  const dependencies = () => ({
    containerHost: docker,
    imageDirectories: [own, IMAGES],
    stateDirectory: join(directory, "state"),
    report: (event: RbuildEvent) => void events.push(event),
  });

  beforeAll(async () => {
    directory = await mkdtemp("/var/tmp/rbuild-images-");
    cleanUp.defer(() => rm(directory, { recursive: true }));
    own = join(directory, "images");
    await mkdir(own);
    docker = cleanUp.use(await openTestHost()).docker;
    await buildImage({ name: "base" }, dependencies());
  });
  afterAll(() => cleanUp.disposeAsync());

  test("is exactly the one that is pinned", async () => {
    const pin = await readPin(join(IMAGES, "base"));
    expect(events.find(({ kind }) => kind === "image.built")).toMatchObject({ digest: pin?.digest, imageId: pin?.imageId });
    expect(await checkPin({ name: "base" }, dependencies())).toMatchObject({ kind: "exact" });
  });

  test("is not built again from the same definition", async () => {
    events.length = 0;
    const began = performance.now();
    await buildImage({ name: "base" }, dependencies());
    expect(performance.now() - began).toBeLessThan(1000);
    expect(events.at(-1)).toMatchObject({ kind: "step.finished", outcome: "cached" });
  });

  test("carries an image on top of it, whose layer has what packages and Dockerfile changed and nothing of how", async () => {
    await mkdir(join(own, "top"));
    await writeFile(join(own, "top/image.yaml"), 'name: top\nversion: "1"\nfrom: base\npackages: [hostname]\ndockerfile: Dockerfile\ncommand: [run]\n');
    await writeFile(
      join(own, "top/Dockerfile"),
      "ARG RBUILD_BASE\nFROM ${RBUILD_BASE}\nCOPY run /usr/local/bin/\nRUN rm /etc/issue && : >/etc/made && install -d -m 700 -o daemon /srv/own\nENV TOP=1\nEXPOSE 80\n",
    );
    await writeFile(join(own, "top/run"), "#!/bin/sh\n", { mode: 0o700 });
    await cp(join(IMAGES, "base"), join(own, "base"), { recursive: true });
    const built = await buildImage({ name: "top" }, dependencies());
    const { Config, RootFS } = await docker.getImage(built.reference).inspect();
    expect(RootFS.Layers).toHaveLength(2);
    expect(Config).toMatchObject({ Cmd: ["run"], ExposedPorts: { "80/tcp": {} } });
    expect(Config.Env).toEqual(["LC_ALL=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TOP=1"]);
    const layer = await topLayer(built.imageId, RootFS.Layers?.[1] ?? "");
    expect([...layer.keys()].filter((path) => /^(?:etc\/(?!apt|alternatives)|srv|usr\/local|\.)/.test(path))).toEqual([
      "etc/",
      "etc/.wh.issue",
      "etc/made",
      "srv/",
      "srv/own/",
      "usr/local/",
      "usr/local/bin/",
      "usr/local/bin/run",
    ]);
    expect(layer.get("usr/local/bin/run")).toMatchObject({ mode: 0o755, uid: 0 });
    expect(layer.get("srv/own/")).toMatchObject({ mode: 0o700, uid: 1 });
    expect([...layer.keys()].filter((path) => path.includes("rbuild") || path.startsWith("var/lib/apt/lists/"))).toEqual([]);
    expect(await buildImage({ name: "top", force: true }, dependencies())).toEqual(built);
  });

  /** Members of a layer as the engine saves it. */
  async function topLayer(imageId: string, digest: string): Promise<Map<string, { mode: number; uid: number }>> {
    const members = new Map<string, { mode: number; uid: number }>();
    for await (const blob of readTar((await docker.getImage(imageId).get()) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream)) {
      if (blob.path !== byteString(`blobs/sha256/${digest.slice("sha256:".length)}`)) continue;
      for await (const { path, mode, uid } of readTar(blob.body)) members.set(textOf(path), { mode, uid });
    }
    return members;
  }

  test("is refused when another image has its name, and used with the override", async () => {
    const pin = await pinImage({ name: "top" }, dependencies());
    await docker.getImage("rbuild/base:12.15-1").tag({ repo: "rbuild/top", tag: "1" });
    await expect(ensureImage({ name: "top" }, dependencies())).rejects.toMatchObject({ code: "image.pin-mismatch", details: { wanted: pin.imageId } });
    expect(await ensureImage({ name: "top", allowMismatch: true }, dependencies())).toMatchObject({ kind: "overridden" });
  });

  test("is reproduced when it is absent, and accepted because it is the pinned one", async () => {
    await docker.getImage("rbuild/top:1").remove({ force: true });
    for (const { Id, RepoTags } of await docker.listImages())
      if (!RepoTags?.some((tag) => /base|bootstrap/.test(tag))) await docker.getImage(Id).remove({ force: true });
    expect(await ensureImage({ name: "top" }, dependencies())).toMatchObject({ kind: "exact", how: "reproduced" });
  });

  test("leaves neither containers nor working images behind", async () => {
    expect(await docker.listContainers({ all: true })).toEqual([]);
    const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(new Set(tags.map((tag) => tag.split(":")[0]))).toEqual(new Set(["rbuild/base", "rbuild/bootstrap", "rbuild/top"]));
  });
});
