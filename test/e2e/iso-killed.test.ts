import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { expect, test } from "vitest";
import { openCommandLab } from "../support/iso/command-lab.ts";

const MAKEFILE = `iso: part
	@sleep 0.3; head -c 3000000 /dev/zero >$(RBUILD_OUTPUT)/live.iso
part:
	@sleep 0.3; echo part >$(RBUILD_SCRATCH)/part
`;

const COMPLETE = ["SHA256SUMS", "build.log", "live.iso", "rbuild-manifest.json"];

/** Moments after the start, in milliseconds: from before the preflight to after the export. */
const MOMENTS = [60, 200, 350, 500, 650, 800, 950, 1100, 1300, 1600];

test("kill -9 at any moment: the next command leaves nothing behind, the store is sound, the output whole", async () => {
  const lab = await openCommandLab(MAKEFILE, "bridge");
  for (const moment of MOMENTS) {
    const killed = lab.start(["iso", "--quiet"]);
    await sleep(moment);
    killed.kill("SIGKILL");
    await killed;
    // Any next command: this one gets no further than the preflight.
    expect(await lab.run("iso", "no-such-target")).toMatchObject({ code: "iso.unknown-target" });
    expect(await lab.leftovers(), `mounts and containers after ${moment} ms`).toEqual([]);
    expect(await processesWith(lab.directory), `processes after ${moment} ms`).toEqual([]);
    // A link goes with its namespace; those of other tests on this machine are not counted.
    expect(await namesIn(join(lab.directory, "run/netns")), `network namespaces after ${moment} ms`).toEqual([]);
    // All of one finished build, or nothing.
    expect([[], COMPLETE], `output after ${moment} ms`).toContainEqual(await namesIn(lab.out));
  }
  if (!process.env["RBUILD_TEST_DOCKER"]) expect(await lab.run("engine", "fsck")).toMatchObject({ exitCode: 0 });
  expect(await lab.run("iso")).toMatchObject({ exitCode: 0 });
  expect(await namesIn(lab.out)).toEqual(COMPLETE);
  await execa("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: lab.out });
  expect(await readdir(join(lab.directory, "engine/state/builds"))).toEqual([]);
});

/** Command lines that name the directory, this test's own tools left out. */
async function processesWith(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    if (line.includes(directory)) found.push(line);
  }
  return found;
}

async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = await readdir(directory).catch(() => []);
  return names.sort();
}
