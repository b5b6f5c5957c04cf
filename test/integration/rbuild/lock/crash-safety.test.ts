import { spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { readKept } from "../../../../src/rbuild/lock/kept-files.ts";
import { readLock } from "../../../../src/rbuild/lock/read-lock.ts";
import { openLockLab } from "../../../support/lock-lab.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const PROGRAM = fileURLToPath(new URL("../../../fixtures/programs/replace-locks.ts", import.meta.url));

test("whoever is killed while replacing a lock leaves a lock with all it keeps", async () => {
  const directory = await scratchDirectory();
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, directory], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    await sleep(7 * round);
    child.kill("SIGKILL");
    await once(child, "exit");
    const lock = await readLock(directory);
    expect(lock?.archives).toHaveLength(1);
    for (const archive of lock?.archives ?? []) await readKept(directory, archive);
    // What the one before left half written went with the first lock of this one.
    expect((await readdir(directory)).filter((name) => name.startsWith(".")).length).toBeLessThanOrEqual(1);
  }
});

test("several that lock the same image at the same time come to the same lock", async () => {
  const lab = await openLockLab({ packages: [{ name: "hello", version: "1" }] });
  onTestFinished(() => lab[Symbol.asyncDispose]());
  await lab.define("one", { packages: ["hello"] });
  const outcomes = await Promise.all([1, 2, 3].map(() => lab.lock("one")));
  expect(new Set(outcomes.map(({ digest }) => digest)).size).toBe(1);
  expect(outcomes.filter(({ changed }) => changed)).toHaveLength(1);
});

test("indexes of sources that nobody has chosen from for months are removed", async () => {
  const lab = await openLockLab({ packages: [{ name: "hello", version: "1" }] });
  onTestFinished(() => lab[Symbol.asyncDispose]());
  await lab.define("one", { packages: ["hello"] });
  const [old, recent] = [join(lab.stateDirectory, "apt/0123456789abcdef"), join(lab.stateDirectory, "apt/fedcba9876543210")];
  for (const directory of [old, recent]) {
    for (const part of ["etc", "state"]) await mkdir(join(directory, part), { recursive: true });
    await writeFile(join(directory, "etc/apt.conf"), "");
  }
  await utimes(join(old, "etc/apt.conf"), 1_600_000_000, 1_600_000_000);
  await lab.lock("one");
  expect(await readdir(old)).toEqual(["lock"]);
  expect((await readdir(recent)).sort()).toEqual(["etc", "state"]);
});

test("a lock that root writes belongs to whom its directory belongs", async () => {
  const lab = await openLockLab({ packages: [{ name: "hello", version: "1" }] });
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const directory = await lab.define("one", { packages: ["hello"] });
  await chown(directory, 4711, 4712);
  const { path } = await lab.lock("one");
  const kept = (await readdir(join(directory, "image.lock.d"))).map((name) => join(directory, "image.lock.d", name));
  for (const file of [path, join(directory, "image.lock.d"), ...kept]) expect(await stat(file)).toMatchObject({ uid: 4711, gid: 4712 });
});
