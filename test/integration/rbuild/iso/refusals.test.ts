import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { MS, mount, unmount } from "../../../../src/system/index.ts";
import { type BuildLab, buildContainers, makeBuildLab, TEST_BUILDER, writeDefinition } from "../../../support/iso/build-lab.ts";
import { openTestHost, type TestHost } from "../../../support/iso/container-host.ts";

let host: TestHost;
beforeAll(async () => {
  host = await openTestHost();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const MAKEFILE = ".PHONY: iso image\niso:\n\t@echo x >$(RBUILD_OUTPUT)/live.iso\nimage:\n\t@true\n";
const lab = (makefile = MAKEFILE, files: Readonly<Record<string, string>> = {}) => makeBuildLab(host.docker, makefile, files);

async function edit(tree: BuildLab["tree"], files: Readonly<Record<string, string>>): Promise<void> {
  await tree.write(files);
  await tree.commit();
}

test("a tree that is dirty, and going on with it", async () => {
  const { tree, build } = await lab();
  await tree.write({ "new file": "x", Makefile: `${MAKEFILE}#\n` });
  await expect(build()).rejects.toMatchObject({
    code: "iso.tree-dirty",
    details: { files: ["Makefile", "new file"] },
    hint: expect.stringContaining("--ignore-changes"),
  });
  expect(await build({ ignoreChanges: true })).toMatchObject({ publishable: false, reasons: [expect.stringContaining("2 changed files")] });
});

test("a directory that is none, no Git tree, or has no rbuild.yaml", async () => {
  const { tree, build } = await lab();
  await expect(build({ directory: join(tree.directory, "nowhere") })).rejects.toMatchObject({ code: "iso.no-directory" });
  await mkdir(join(tree.directory, "sub"));
  await expect(build({ directory: join(tree.directory, "sub") })).rejects.toMatchObject({ code: "iso.no-rbuild-yaml" });
  await rm(join(tree.directory, ".git"), { recursive: true });
  await expect(build()).rejects.toMatchObject({ code: "iso.not-a-git-tree" });
});

test("an rbuild.yaml with mistakes, each with its place", async () => {
  const { tree, build } = await lab();
  await edit(tree, { "rbuild.yaml": "target: iso\nartefacts: [x]\nram: lots\n" });
  await expect(build()).rejects.toMatchObject({
    code: "iso.invalid-rbuild-yaml",
    message: expect.stringMatching(/rbuild\.yaml:2:\d+: artefacts: .*did you mean artifacts\?\n.*rbuild\.yaml:3:6: ram: must be true, false or a size/s),
  });
});

test("a target that is not there, by the text or by make's own word", async () => {
  const { tree, build } = await lab();
  await expect(build({ target: "isso" })).rejects.toMatchObject({ code: "iso.unknown-target", details: { near: ["iso"] } });
  await edit(tree, { Makefile: "include more.mk\n", "more.mk": MAKEFILE });
  await expect(build({ target: "imgae" })).rejects.toMatchObject({ code: "iso.unknown-target", details: { near: ["image"] } });
  await expect(build({ target: "image" })).rejects.toMatchObject({ code: "iso.no-artifacts" });
});

test("a Makefile that is missing or broken", async () => {
  const { tree, build } = await lab();
  await edit(tree, { Makefile: `${MAKEFILE}\tendif\nnonsense\n` });
  await expect(build()).rejects.toMatchObject({ code: "iso.broken-makefile", message: expect.stringContaining("Makefile:") });
  await tree.git("rm", "--quiet", "Makefile");
  await tree.commit();
  await expect(build()).rejects.toMatchObject({ code: "iso.no-makefile" });
});

test("an image that is not the pinned one: refused, let through with a reason, never for a release", async () => {
  const { tree, build, imageDirectory } = await lab();
  const { Id } = await host.docker.getImage(`rbuild/${TEST_BUILDER}:1`).inspect();
  const wanted = `sha256:${"1".repeat(64)}`;
  await writeDefinition(imageDirectory, TEST_BUILDER, { imageId: wanted, digest: wanted });
  await expect(build()).rejects.toMatchObject({ code: "image.pin-mismatch", details: { wanted, found: Id } });
  expect(await build({ allowBaseMismatch: true })).toMatchObject({ publishable: false, reasons: [expect.stringContaining(wanted)] });
  await tree.git("tag", "v1");
  await expect(build({ allowBaseMismatch: true })).rejects.toMatchObject({ code: "iso.override-on-release" });
  await expect(build()).rejects.toMatchObject({ code: "image.pin-mismatch" });
});

test("a pin whose digest was edited, though its imageId is right", async () => {
  const { build, imageDirectory } = await lab();
  const { Id } = await host.docker.getImage(`rbuild/${TEST_BUILDER}:1`).inspect();
  const digest = `sha256:${"1".repeat(64)}`;
  await writeDefinition(imageDirectory, TEST_BUILDER, { imageId: Id, digest });
  await expect(build()).rejects.toMatchObject({
    code: "image.pin-mismatch",
    message: expect.stringContaining(digest),
    hint: expect.stringContaining("do not belong together"),
  });
});

test("artifacts that are missing, are no files, or have names of rbuild's own", async () => {
  const none = await lab("iso:\n\t@ln -s /etc/passwd $(RBUILD_OUTPUT)/live.iso; mkdir $(RBUILD_OUTPUT)/dir.iso; echo said; echo x >$(RBUILD_OUTPUT)/other\n");
  await expect(none.build()).rejects.toMatchObject({ code: "iso.no-artifacts", details: { files: ["other"] } });
  expect(await readdir(none.out)).toEqual(["build-failed.log"]);
  const own = await lab("iso:\n\t@echo x >$(RBUILD_OUTPUT)/SHA256SUMS\n");
  await edit(own.tree, { "rbuild.yaml": `builder: ${TEST_BUILDER}\nnetwork: none\ndisk: 1M\nartifacts: ["*SUMS"]\n` });
  await expect(own.build()).rejects.toMatchObject({ code: "iso.artifact-name" });
});

test("an output directory that cannot be written or has the tree in it", async () => {
  const { tree, build } = await lab();
  await expect(build({ output: tree.directory })).rejects.toMatchObject({ code: "iso.output-covers-tree" });
  await expect(build({ output: "/" })).rejects.toMatchObject({ code: "iso.output-covers-tree" });
  await expect(build({ output: join(tree.directory, "Makefile") })).rejects.toMatchObject({ code: "iso.output-not-writable" });
  await expect(build({ output: "/proc/nothing" })).rejects.toMatchObject({ code: "iso.output-not-writable" });
  await symlink("../", join(tree.directory, "out"));
  await expect(build({ ignoreChanges: true })).rejects.toMatchObject({ code: "iso.output-covers-tree" });
});

test("an output file system that is full from the start, or fills up while the build runs", async () => {
  const { build } = await lab("iso:\n\t@head -c 90000000 /dev/zero >$(RBUILD_OUTPUT)/live.iso\n");
  const small = await mkdtemp("/var/tmp/rbuild-small-");
  onTestFinished(() => {
    unmount(small, { lazy: true });
    return rm(small, { recursive: true });
  });
  mount("tmpfs", small, "tmpfs", MS.NOSUID, "size=1m");
  await expect(build({ output: small })).rejects.toMatchObject({ code: "iso.no-space", details: { path: small } });
  mount("tmpfs", small, "tmpfs", MS.REMOUNT, "size=70m");
  await expect(build({ output: small })).rejects.toMatchObject({ code: "iso.no-space", details: { path: small } });
  expect(await readdir(small)).toEqual([]);
  expect(await buildContainers(host.docker)).toEqual([]);
});

test("a build that takes too long, or more memory than there is", async () => {
  const { tree, build } = await lab("iso:\n\t@sleep 100\n");
  await edit(tree, { "rbuild.yaml": `builder: ${TEST_BUILDER}\nnetwork: none\ndisk: 1M\ntimeout: 1s\n` });
  await expect(build()).rejects.toMatchObject({ code: "iso.timeout" });
  await edit(tree, { "rbuild.yaml": `builder: ${TEST_BUILDER}\nnetwork: none\ndisk: 9000T\nram: 9000T\n` });
  await expect(build()).rejects.toMatchObject({ code: "iso.no-memory" });
  await expect(build({ ram: false })).rejects.toMatchObject({ code: "iso.no-space" });
  expect(await buildContainers(host.docker)).toEqual([]);
});

test("a build that uses more memory than it may", async () => {
  const { tree, build } = await lab("iso:\n\t@head -c 300000000 /dev/zero | tail\n");
  await edit(tree, { "rbuild.yaml": `builder: ${TEST_BUILDER}\nnetwork: none\ndisk: 1M\nmemory: 40M\n` });
  await expect(build()).rejects.toMatchObject({ code: "make.out-of-memory" });
});
