import { mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LOCK_FILE } from "../../../../src/rbuild/lock/image-lock.ts";
import { isRbuildError, run } from "../../../../src/system/index.ts";
import { fillTestPool, TEST_POOL } from "../../../support/image-pool.ts";
import { type ImageLab, openImageLab } from "../../../support/images/image-lab.ts";
import { jsonLines, rbuild } from "../../../support/rbuild-command.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

describe("packages and hooks that fail", () => {
  let lab: ImageLab;
  beforeAll(async () => {
    await fillTestPool("base");
    lab = await openImageLab();
    await lab.copyOwn("base");
    await lab.build("base", { offline: false, sources: { pools: [TEST_POOL] } });
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test("a package whose script fails is named with what it said", async () => {
    const broken = { name: "broken", version: "1", scripts: { postinst: "#!/bin/sh\necho this went wrong >&2\nexit 3\n" } };
    await lab.define("top", { from: "base" }, { packages: [broken] });
    await expect(lab.build("top")).rejects.toMatchObject({
      code: "image.install-failed",
      details: { package: "broken" },
      message: expect.stringContaining("this went wrong"),
    });
  });

  test("a package whose dependency the lock does not have is no success", async () => {
    await lab.define("top", { from: "base" }, { packages: [{ name: "needy", version: "1", depends: "nothing-has-it" }] });
    await expect(lab.build("top")).rejects.toMatchObject({ code: "image.install-failed", details: { package: "needy" } });
  });

  test("a hook that fails is named with its last lines", async () => {
    await lab.define("top", { from: "base", hooks: ["hook"] }, { files: { hook: "#!/bin/sh\necho almost\necho then not\nexit 7\n" } });
    await expect(lab.build("top")).rejects.toMatchObject({
      code: "image.hook-failed",
      details: { hook: "hook", exitCode: 7 },
      message: expect.stringContaining("then not"),
    });
  });

  test("a hook whose first line names no program of the image is said to be unstartable", async () => {
    await lab.define("top", { from: "base", hooks: ["hook"] }, { files: { hook: "#!/bin/sh\r\nexit 0\r\n" } });
    await expect(lab.build("top")).rejects.toMatchObject({ code: "image.hook-failed", message: expect.stringContaining("cannot be started") });
  });

  test("a hook finds no network", async () => {
    const hook =
      "#!/bin/sh\ncut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' ' | tr '\\n' ' '\ngetent hosts example.org || apt-get update -o Debug::Acquire::http=0 -o Dir::Etc::SourceList=/list\n";
    const files = [{ path: "/list", content: "deb http://example.org/debian stable main\n" }];
    await lab.define("top", { from: "base", hooks: ["hook"], files }, { files: { hook: `${hook}exit 1\n` } });
    await expect(lab.build("top")).rejects.toMatchObject({ code: "image.no-network" });
    expect(lab.events.findLast((event) => event.kind === "log.written" && /^lo\b/.test(event.text))).toMatchObject({ text: expect.stringMatching(/^lo /) });
  });

  test("a build that failed leaves nothing behind", async () => {
    expect(await lab.docker.listContainers({ all: true })).toEqual([]);
    expect((await lab.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? [])).toEqual(["rbuild/base:12.15-2"]);
  });
});

describe("Dockerfiles that cannot be built", () => {
  let lab: ImageLab;
  beforeAll(async () => {
    lab = await openImageLab();
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  const FROM = "ARG RBUILD_BASE\nFROM ${RBUILD_BASE}\n";
  const packages = [{ name: "tiny", version: "1", files: { "/usr/share/tiny/a": "a" } }];
  const offers = [{ name: "offered", version: "1" }];

  test.each([
    ["another image", "FROM debian:bookworm\n", "line 1 names the image debian:bookworm", "FROM ${RBUILD_BASE}"],
    ["no instruction", `${FROM}RNU true\n`, "Dockerfile:3:1: there is no instruction RNU", "images/tiny/Dockerfile"],
  ])("one with %s", async (_what, Dockerfile, message, hint) => {
    await lab.define("tiny", { dockerfile: "Dockerfile" }, { packages, files: { Dockerfile } });
    await expect(lab.build("tiny")).rejects.toMatchObject({
      code: "image.dockerfile-failed",
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });

  test("one that is not there", async () => {
    await lab.define("gone", { dockerfile: "Dockerfile" }, { packages });
    await expect(lab.build("gone")).rejects.toMatchObject({ code: "image.file-missing" });
  });

  test("one that is offered packages where there is no APT", async () => {
    await lab.define("tiny", { dockerfile: "Dockerfile" }, { packages, offers, files: { Dockerfile: FROM } });
    await expect(lab.build("tiny")).rejects.toMatchObject({ code: "image.no-apt" });
  });
});

describe("packages that are not what they should be", () => {
  let lab: ImageLab;
  beforeAll(async () => {
    lab = await openImageLab();
    await lab.define("tiny", {}, { packages: [{ name: "tiny", version: "1", files: { "/usr/share/tiny/a": "a" } }] });
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  const lockOf = async () => JSON.parse(await readFile(join(lab.directory, "images/tiny", LOCK_FILE), "utf8"));
  const item = async () => (await lockOf()).architectures.amd64.packages[0];

  test("one that was cut off in the pool", async () => {
    const { sha256, size } = await item();
    const bytes = await readFile(lab.pool.pathOf(sha256));
    await truncate(lab.pool.pathOf(sha256), size - 10);
    const error: unknown = await lab.build("tiny").catch((thrown: unknown) => thrown);
    expect(isRbuildError(error) ? error.code : error).toMatch(/^pool\.(?:missing|damaged)$/);
    await writeFile(lab.pool.pathOf(sha256), Buffer.concat([bytes.subarray(0, -1), Buffer.from([255])]));
    await expect(lab.build("tiny")).rejects.toMatchObject({ code: "pool.damaged" });
    await writeFile(lab.pool.pathOf(sha256), bytes);
    expect(await lab.build("tiny")).toMatchObject({ name: "tiny" });
  });

  test("one of another version than the lock says", async () => {
    const lock = await lockOf();
    const text = JSON.stringify(lock);
    await writeFile(join(lab.directory, "images/tiny", LOCK_FILE), text.replace('"version":"1"', '"version":"2"'));
    await expect(lab.build("tiny")).rejects.toMatchObject({ code: "image.package-mismatch", details: { field: "version", wanted: "2", found: "1" } });
    const [own] = lock.architectures.amd64.packages;
    lock.architectures.amd64.packages.push({ ...own, version: "2" });
    await writeFile(join(lab.directory, "images/tiny", LOCK_FILE), JSON.stringify(lock));
    await expect(lab.build("tiny")).rejects.toMatchObject({ code: "lock.duplicate-package" });
    await writeFile(join(lab.directory, "images/tiny", LOCK_FILE), text);
  });

  test("one that is nowhere, without network: exit code 6, and the bytes that are missing", async () => {
    const root = await scratchDirectory();
    const args = ["--engine-root", join(root, "engine"), "--run-root", join(root, "run"), "-C", lab.directory, "--json"];
    const { exitCode, stdout } = await rbuild([...args, "image", "build", "tiny", "--offline"]);
    expect(exitCode).toBe(6);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ kind: "error", code: "pool.missing" });
  });

  test("no space for them", async () => {
    const root = await scratchDirectory();
    await mkdir(join(root, "engine"));
    await run("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", join(root, "engine")]);
    const big = { name: "big", version: "1", files: { "/usr/share/big": Buffer.alloc(6 * 1024 * 1024, 1) } };
    await lab.define("big", {}, { packages: [big] });
    const args = ["--engine-root", join(root, "engine"), "--run-root", join(root, "run"), "-C", lab.directory, "--json"];
    const { stdout } = await rbuild([...args, "image", "build", "big", "--pool", lab.pool.directory]);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ kind: "error", code: "image.no-space" });
  });
});
