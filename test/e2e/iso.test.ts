import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { pathExists } from "../../src/system/index.ts";
import { TEST_BUILDER, writeDefinition } from "../support/iso/build-lab.ts";
import { openCommandLab } from "../support/iso/command-lab.ts";

const MAKEFILE = `iso: part
	@cat $(RBUILD_SCRATCH)/part >$(RBUILD_OUTPUT)/live.iso
part:
	@echo working
	@printf '%s' "$$RBUILD_GIT_COMMIT" >$(RBUILD_SCRATCH)/part
touch:
	@echo changed >Makefile
slow:
	@echo started; sleep 100
`;

test("one command builds a tree and brings its artifacts out", async () => {
  const lab = await openCommandLab(MAKEFILE);
  const { exitCode, lines } = await lab.run("iso");
  const commit = await lab.tree.git("rev-parse", "HEAD");
  const digest = `sha256:${createHash("sha256").update(commit).digest("hex")}`;
  expect(exitCode).toBe(0);
  expect(lines.at(-1)).toMatchObject({
    kind: "result",
    command: "iso",
    exitCode: 0,
    data: { publishable: true, artifacts: [{ path: join(lab.out, "live.iso"), size: 40, digest }] },
  });
  expect(lines).toContainEqual(expect.objectContaining({ kind: "log.written", text: "working" }));
  expect((await readdir(lab.out)).sort()).toEqual(["SHA256SUMS", "build.log", "live.iso", "rbuild-manifest.json"]);
  expect(await lab.leftovers()).toEqual([]);
  expect(await lab.tree.git("status", "--porcelain", "--", ":!out")).toBe("");
});

test("bad input gets one clear error with its exit code, and nothing is lost", async () => {
  const lab = await openCommandLab(MAKEFILE);
  expect(await lab.run("iso", "isso")).toMatchObject({
    exitCode: 2,
    code: "iso.unknown-target",
    error: { message: expect.stringContaining("did you mean iso?") },
  });
  expect(await lab.run("iso", "touch")).toMatchObject({ exitCode: 3, code: "make.target-failed" });
  expect(await readFile(join(lab.tree.directory, "Makefile"), "utf8")).toBe(MAKEFILE);
  await lab.tree.write({ note: "x" });
  expect(await lab.run("iso")).toMatchObject({ exitCode: 2, code: "iso.tree-dirty", error: { message: expect.stringContaining("note") } });
  expect(await lab.run("iso", "--ignore-changes")).toMatchObject({
    exitCode: 0,
    lines: expect.arrayContaining([expect.objectContaining({ kind: "result", data: expect.objectContaining({ publishable: false }) })]),
  });
  await lab.tree.write({ "rbuild.yaml": "targt: iso\n" });
  expect(await lab.run("iso")).toMatchObject({ exitCode: 2, code: "iso.invalid-rbuild-yaml" });
  expect(await lab.run("-C", lab.directory, "iso")).toMatchObject({ exitCode: 2, code: "iso.not-a-git-tree" });
  expect(await readFile(join(lab.out, "live.iso"), "utf8")).toBe(await lab.tree.git("rev-parse", "HEAD"));
  expect(await lab.leftovers()).toEqual([]);
});

test("a base that is not the pinned one is refused with exit code 4", async () => {
  const lab = await openCommandLab(MAKEFILE);
  await writeDefinition(join(lab.tree.directory, "images"), TEST_BUILDER, { imageId: `sha256:${"1".repeat(64)}`, digest: `sha256:${"1".repeat(64)}` });
  await lab.tree.commit();
  expect(await lab.run("iso")).toMatchObject({ exitCode: 4, code: "image.pin-mismatch", error: { hint: expect.stringContaining("--allow-base-mismatch") } });
  expect(await pathExists(join(lab.out, "live.iso"))).toBe(false);
  expect(await lab.run("iso", "--allow-base-mismatch")).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(await readFile(join(lab.out, "rbuild-manifest.json"), "utf8"))).toMatchObject({ publishable: false, images: [{ kind: "overridden" }] });
  await lab.tree.git("tag", "v1");
  expect(await lab.run("iso", "--allow-base-mismatch")).toMatchObject({ code: "iso.override-on-release" });
});

test("Ctrl-C ends a build and leaves nothing; a second build meanwhile is refused", async () => {
  const lab = await openCommandLab(MAKEFILE);
  const first = lab.start(["iso", "slow", "--plain"]);
  let text = "";
  first.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  while (!text.includes("| started")) await sleep(20);
  expect(await lab.run("iso")).toMatchObject({
    exitCode: 3,
    code: "iso.already-building",
    error: { message: expect.stringContaining(`process ${first.pid}`) },
  });
  first.kill("SIGINT");
  expect((await first).exitCode).toBe(130);
  expect(await lab.leftovers()).toEqual([]);
  expect(await readdir(lab.out)).toEqual(["build-failed.log"]);
  expect(await lab.run("iso")).toMatchObject({ exitCode: 0 });
});

test("a failed build can be kept and looked into", async () => {
  const lab = await openCommandLab("iso:\n\t@echo half >$(RBUILD_SCRATCH)/state; exit 4\n");
  expect(await lab.run("iso", "--keep")).toMatchObject({ exitCode: 3, error: { hint: expect.stringContaining("rbuild shell ") } });
  expect(await lab.leftovers()).toEqual([]);
  const kept = (await lab.run("shell", "--list")).lines.at(-1)?.["data"] as readonly { readonly id: string }[];
  expect(kept).toHaveLength(1);
  const shell = await lab.start(["shell", kept[0]?.id ?? "", "cat", "/scratch/state"]);
  expect(shell).toMatchObject({ exitCode: 0, stdout: "half" });
  expect(await lab.run("shell", "--remove")).toMatchObject({ exitCode: 0 });
  expect((await lab.run("shell", "--list")).lines.at(-1)).toMatchObject({ data: [] });
  expect(await lab.leftovers()).toEqual([]);
});
