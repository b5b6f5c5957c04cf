import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { expect, onTestFinished, test } from "vitest";
import { pruneImages } from "../../../../src/rbuild/images/prune-images.ts";
import { openTestHost } from "../../../support/iso/container-host.ts";

const SIZE = 200_000;
const ARCHITECTURE = "amd64";

async function place() {
  const host = await openTestHost();
  onTestFinished(() => host[Symbol.asyncDispose]());
  const directory = await mkdtemp("/var/tmp/rbuild-prune-");
  onTestFinished(() => rm(directory, { recursive: true }));
  const define = async (name: string, version: string, pin?: { readonly version: string; readonly imageId: string }) => {
    const own = join(directory, "images", name);
    await mkdir(own, { recursive: true });
    await writeFile(join(own, "image.yaml"), `name: ${name}\nversion: "${version}"\nfrom: base\n`);
    if (pin) await writeFile(join(own, "image.pin.json"), JSON.stringify({ name, architecture: ARCHITECTURE, digest: `sha256:${"0".repeat(64)}`, ...pin }));
  };
  const dependencies = {
    containerHost: host.docker,
    imageDirectories: [join(directory, "images")],
    stateDirectory: join(directory, "state"),
    report: () => undefined,
  };
  return { docker: host.docker, directory, define, prune: (options = {}) => pruneImages(dependencies, options) };
}

/** A new image of its own content. @returns its id */
async function make(docker: Docker, directory: string, repo: string, tag: string, changes = ""): Promise<string> {
  await writeFile(join(directory, "content"), randomBytes(SIZE));
  const tar = execFileSync("tar", ["--create", `--directory=${directory}`, "content"]);
  const stream = await docker.importImage(Readable.from([tar]), { repo, tag, ...(changes ? { changes } : {}) });
  for await (const _line of stream);
  return (await docker.getImage(`${repo}:${tag}`).inspect()).Id;
}

const names = async (docker: Docker) => {
  const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  return tags.filter((tag) => tag !== "<none>:<none>").sort();
};

test("removes the versions that neither definition nor pin names, and what has no name, and leaves what others named", async () => {
  const { docker, directory, define, prune } = await place();
  const pinned = await make(docker, directory, "rbuild/one", "2");
  await define("one", "3", { version: "2", imageId: pinned });
  for (const version of ["1", "3"]) await make(docker, directory, "rbuild/one", version);
  await make(docker, directory, "rbuild/elsewhere", "1");
  await make(docker, directory, "somebody/one", "1");
  const used = await make(docker, directory, "rbuild/one", "0", 'CMD ["x"]');
  const container = await docker.createContainer({ Image: used });
  const lost = await make(docker, directory, "rbuild/one", "5", "LABEL rbuild.inputs=x");
  await docker.getImage(lost).tag({ repo: "rbuild/one", tag: "4" });
  await make(docker, directory, "rbuild/one", "4");
  await make(docker, directory, "rbuild/one", "5");
  const foreign = await make(docker, directory, "other", "1");
  await make(docker, directory, "other", "1");
  await make(docker, directory, "rbuild/broken", "1");
  await mkdir(join(directory, "images/broken"));
  await writeFile(join(directory, "images/broken/image.yaml"), "version: 2\n");
  const before = await names(docker);

  const planned = await prune({ dryRun: true });
  expect(planned.images).toEqual([
    { image: "rbuild/one:1", imageId: expect.any(String), why: "old-version" },
    { image: "rbuild/one:4", imageId: expect.any(String), why: "old-version" },
    { image: "rbuild/one:5", imageId: expect.any(String), why: "old-version" },
    { image: lost, imageId: lost, why: "nameless" },
  ]);
  expect(planned.broken).toMatchObject([{ name: "broken", code: "definition.invalid" }]);
  expect(planned.bytes).toBeGreaterThanOrEqual(4 * SIZE);
  expect(await names(docker)).toEqual(before);

  const done = await prune();
  expect(done.images).toEqual(planned.images);
  expect(done.bytes).toBeGreaterThanOrEqual(4 * SIZE);
  expect(await names(docker)).toEqual(["other:1", "rbuild/broken:1", "rbuild/elsewhere:1", "rbuild/one:0", "rbuild/one:2", "rbuild/one:3", "somebody/one:1"]);
  expect((await prune()).images).toEqual([]);

  expect((await prune({ nameless: true })).images).toEqual([{ image: foreign, imageId: foreign, why: "nameless" }]);
  await container.remove();
  expect((await prune()).images).toMatchObject([{ image: "rbuild/one:0" }]);
});
