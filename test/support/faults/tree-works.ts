import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { digestOf } from "../../../src/oci/index.ts";
import { readKept } from "../../../src/rbuild/lock/kept-files.ts";
import { readLock } from "../../../src/rbuild/lock/read-lock.ts";
import { poolDirectory } from "../../../src/rbuild/pool/open-pool.ts";
import { listPool } from "../../../src/rbuild/pool/prune-pool.ts";
import { openLockLab } from "../lock-lab.ts";
import { RBUILD } from "../rbuild-command.ts";
import type { Works } from "./work.ts";

const DATE = 1_767_225_600;
const packages = (version: string) => [
  { name: "core", version, files: { "/usr/share/core": "x".repeat(30_000) } },
  { name: "more", version: "1" },
];

/** `images/one` with a lock, in `directory`, and an archive that has moved on. */
export async function openLockedTree(): Promise<{ readonly directory: string } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await openLockLab({ packages: packages("1"), date: DATE }));
  const directory = await mkdtemp("/var/tmp/rbuild-test-");
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const image = await lab.define("one", { packages: ["core", "more"], architectures: ["amd64"] });
  await lab.lock("one");
  await cp(join(image, "../.."), directory, { recursive: true });
  await lab.archive.publish({ packages: packages("2"), date: DATE + 60 });
  const kept = stack.move();
  return { directory, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** What writes into a tree of definitions, and brings what its locks name. */
export function treeWorks(tree: string): Works<"image lock" | "image vendor"> {
  const command = async (directory: string, ...args: string[]) => {
    await cp(join(tree, "images"), join(directory, "images"), { recursive: true });
    return { isCommand: true, command: [RBUILD, "--engine-root", join(directory, "engine"), "image", ...args], cwd: directory };
  };
  return {
    "image lock": async (directory) => ({
      ...(await command(directory, "lock", "one", "--refresh")),
      verify: (isDone) => expectLock(join(directory, "images/one"), isDone),
    }),
    "image vendor": async (directory) => ({
      ...(await command(directory, "vendor", "one")),
      verify: (isDone) => expectSound(poolDirectory(join(directory, "engine/state")), isDone ? 2 : undefined),
    }),
  };
}

/** The lock of before or the new one, with all it keeps. */
export async function expectLock(directory: string, isDone: boolean): Promise<void> {
  const lock = (await readLock(directory))!;
  const versions = lock.architectures.amd64!.packages.map(({ version }) => version).toSorted();
  const wanted = ["1", "2"];
  expect(isDone ? [wanted] : [["1", "1"], wanted]).toContainEqual(versions);
  expect(lock.archives).toHaveLength(1);
  for (const archive of lock.archives) await readKept(directory, archive);
  if (isDone) expect((await readdir(directory)).filter((name) => name.startsWith("."))).toEqual([]);
}

/** Every file of a pool is what its name says. */
export async function expectSound(directory: string, count?: number): Promise<void> {
  const whole = (await listPool(directory)).filter(({ sha256 }) => sha256 !== undefined);
  for (const { path, sha256 } of whole) expect(digestOf(await readFile(path))).toBe(sha256);
  if (count !== undefined) expect(whole).toHaveLength(count);
}
