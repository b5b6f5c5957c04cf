import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runContainer } from "../../../../src/rbuild/container-host/container.ts";
import { readFrames } from "../../../../src/rbuild/container-host/frames.ts";
import { decideExport } from "../../../../src/rbuild/iso/export/finish-export.ts";
import { listKeptBuilds, openKeptBuild, removeKeptBuild } from "../../../../src/rbuild/iso/life/kept-builds.ts";
import { sweepDeadBuilds } from "../../../../src/rbuild/iso/life/sweep-dead-builds.ts";
import { createShellContainer } from "../../../../src/rbuild/iso/shell.ts";
import { buildContainers, makeBuildLab, TEST_BUILDER } from "../../../support/iso/build-lab.ts";
import { openTestHost, type TestHost } from "../../../support/iso/container-host.ts";

let host: TestHost;
beforeAll(async () => {
  host = await openTestHost();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

test("a failed build is kept, looked into, and removed", async () => {
  const lab = await makeBuildLab(host.docker, "iso:\n\t@echo half >$(RBUILD_SCRATCH)/state; echo part >$(RBUILD_OUTPUT)/part.iso; exit 1\n");
  const dependencies = { containerHost: host.docker, stateDirectory: lab.stateDirectory };
  await expect(lab.build()).rejects.toMatchObject({ code: "make.target-failed", hint: expect.not.stringContaining("look inside") });
  await expect(openKeptBuild(undefined, dependencies)).rejects.toMatchObject({ code: "iso.no-kept-build" });
  await expect(lab.build({ keep: true, ram: true })).rejects.toMatchObject({ code: "make.target-failed", hint: expect.stringContaining("rbuild shell ") });
  expect(lab.events).toContainEqual(expect.objectContaining({ kind: "warning.raised", code: "iso.ram-not-kept" }));
  expect(await buildContainers(host.docker)).toEqual([]);

  const kept = await openKeptBuild(undefined, dependencies);
  expect(kept).toMatchObject({ directory: lab.tree.directory, target: "iso", failure: { code: "make.target-failed" } });
  expect((await openKeptBuild(kept.id.slice(0, 6), dependencies)).id).toBe(kept.id);
  {
    const command = ["/bin/sh", "-c", 'cat /scratch/state /output/part.iso; ls /source; echo "$RBUILD_GIT_COMMIT"; touch /source/x'];
    await using shell = await createShellContainer(kept, { command, tty: false }, dependencies);
    const { output } = await shell.start();
    let text = "";
    for await (const { data } of output) text += Buffer.from(data).toString();
    expect(text).toContain("half\npart\n");
    expect(text).toContain("Makefile\n");
    expect(text).toContain(await lab.tree.git("rev-parse", "HEAD"));
    expect(text).toContain("Read-only file system");
  }
  await removeKeptBuild(kept, dependencies);
  expect(await listKeptBuilds(dependencies)).toEqual([]);
  expect(await readdir(lab.out)).toEqual(["build-failed.log"]);
  await expect(createShellContainer(kept, { tty: true }, dependencies)).rejects.toMatchObject({ code: "iso.kept-image-gone" });
});

test("what a dead build left is swept, and an export that had begun is completed", async () => {
  const lab = await makeBuildLab(host.docker, "iso:\n\t@echo new >$(RBUILD_OUTPUT)/live.iso\n");
  await lab.build();
  const [dead, decided] = ["0123456789ab", "ba9876543210"];
  for (const id of [dead, decided]) {
    const staging = join(lab.out, `.rbuild-${id}`);
    await mkdir(join(staging, "output"), { recursive: true });
    await writeFile(join(staging, "output/live.iso"), `of ${id}`);
    await mkdir(join(lab.stateDirectory, "locked", id, "debian"), { recursive: true });
    await mkdir(join(lab.stateDirectory, "builds"), { recursive: true });
    await writeFile(join(lab.stateDirectory, "builds", `${id}.lock`), "");
    const record = { id, directory: lab.tree.directory, pid: 1, startedAt: new Date(0).toISOString(), staging };
    await writeFile(join(lab.stateDirectory, "builds", `${id}.json`), JSON.stringify(record));
    await host.docker.createContainer({
      Image: `rbuild/${TEST_BUILDER}:1`,
      Cmd: ["true"],
      Labels: { "org.rbuild.build": id, "org.rbuild.state": lab.stateDirectory },
    });
  }
  const moves = [{ from: "output/live.iso", to: "sub/live.iso" }];
  await decideExport(join(lab.out, `.rbuild-${decided}`), { output: lab.out, moves, owner: { uid: 0, gid: 0 } });
  // As any command does that opens the container host.
  await sweepDeadBuilds({ containerHost: host.docker, stateDirectory: lab.stateDirectory });
  expect(await buildContainers(host.docker)).toEqual([]);
  expect((await readdir(lab.out)).sort()).toEqual(["build.log", "live.iso", "sub"]);
  expect(await readFile(join(lab.out, "sub/live.iso"), "utf8")).toBe(`of ${decided}`);
  expect(await readFile(join(lab.out, "live.iso"), "utf8")).toBe("new\n");
  expect(await readdir(join(lab.stateDirectory, "builds"))).toEqual([]);
  expect(await readdir(join(lab.stateDirectory, "locked"))).toEqual([]);
});

test("a broken stream and an unknown image have coded errors", async () => {
  const read = async (bytes: Uint8Array) => {
    const seen: string[] = [];
    for await (const { stream, data } of readFrames([bytes.subarray(0, 3), bytes.subarray(3)] as unknown as AsyncIterable<Uint8Array>))
      seen.push(`${stream} ${Buffer.from(data).toString()}`);
    return seen;
  };
  expect(await read(Buffer.from("\u0001\0\0\0\0\0\0\u0002ab\u0002\0\0\0\0\0\0\u0001c", "latin1"))).toEqual(["stdout ab", "stderr c"]);
  await expect(read(Buffer.from("\u0001\0\0\0\0\0\0\u0002a", "latin1"))).rejects.toMatchObject({ code: "container-host.broken-stream" });
  await expect(read(Buffer.from("plain text", "latin1"))).rejects.toMatchObject({ code: "container-host.broken-stream" });
  await expect(runContainer(host.docker, { Image: "rbuild/nothing:1", name: "rbuild-nothing" }, { maxOutput: 10 })).rejects.toMatchObject({
    category: "not-found",
  });
});
