import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { WantedLock } from "../../../../../src/rbuild/iso/config/schema.ts";
import { parseTreeLock, readTreeLock } from "../../../../../src/rbuild/iso/locked/read-tree-lock.ts";
import { treeLockDigest } from "../../../../../src/rbuild/iso/locked/tree-lock.ts";
import { treeLockText } from "../../../../../src/rbuild/iso/locked/tree-lock-text.ts";
import { chooseSupply } from "../../../../../src/rbuild/iso/supply/choose-supply.ts";
import { ARCHIVE, lockedPackage, treeLock, WANTED } from "./support.ts";

async function treeWith(text?: string): Promise<string> {
  const directory = await mkdtemp("/tmp/rbuild-tree-lock-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  if (text !== undefined) await writeFile(join(directory, "rbuild.lock.json"), text);
  return directory;
}

const choice = (directory: string, wanted: WantedLock | undefined = WANTED) =>
  ({ directory, wanted, purpose: "build", ignoresLock: false, tag: undefined }) as const;

test("a lock reads back as it was written, a package a line; the time it was made is no part of its digest", () => {
  const lock = treeLock();
  const text = treeLockText(lock);
  expect(parseTreeLock(text, "x")).toEqual(lock);
  expect(text.split("\n").filter((line) => line.includes('{"name":'))).toHaveLength(2);
  expect(treeLockDigest({ ...lock, lockedAt: 5 })).toBe(treeLockDigest(lock));
  expect(treeLockDigest({ ...lock, packages: [] })).not.toBe(treeLockDigest(lock));
});

test("a lock is current, absent or stale with the field that differs", async () => {
  const lock = treeLock();
  expect(await readTreeLock(await treeWith(), WANTED)).toEqual({ kind: "absent" });
  const directory = await treeWith(treeLockText(lock));
  // Where an archive is has no part in it.
  const elsewhere = { suites: [{ ...WANTED.suites[0], url: "http://mirror.example/debian" }] } as WantedLock;
  expect(await readTreeLock(directory, elsewhere)).toMatchObject({ kind: "current", digest: treeLockDigest(lock) });
  const more = { suites: [{ ...WANTED.suites[0], components: ["main", "contrib"] }] } as WantedLock;
  expect(await readTreeLock(directory, more)).toMatchObject({ kind: "stale", field: expect.stringMatching(/^lock\.suites\.0\.components/) });
});

test.each([
  ["no JSON", "{"],
  ["another version", treeLockText(treeLock()).replace('"lockVersion": 1', '"lockVersion": 2')],
  ["a path that leads out", treeLockText(treeLock({ packages: [{ ...lockedPackage("bash"), path: "pool/../../etc/passwd" }] }))],
  ["a package of another archive", treeLockText(treeLock({ packages: [{ ...lockedPackage("bash"), archive: "other" }] }))],
  ["a package twice", treeLockText(treeLock({ packages: [lockedPackage("bash"), lockedPackage("bash")] }))],
  ["no archive", treeLockText(treeLock({ archives: [], packages: [] }))],
])("a lock with %s is refused", (_what, text) => {
  expect(() => parseTreeLock(text, "x")).toThrow(expect.objectContaining({ code: "lock.invalid" }));
});

test("what a build takes its packages from", async () => {
  const warnings: unknown[] = [];
  const report = (event: unknown) => void warnings.push(event);
  const locked = await treeWith(treeLockText(treeLock({ archives: [ARCHIVE] })));
  const bare = await treeWith();
  expect(await chooseSupply(choice(locked), report)).toMatchObject({ kind: "locked" });
  expect(await chooseSupply({ ...choice(bare), wanted: undefined }, report)).toEqual({ kind: "mirror" });
  expect(warnings).toEqual([]);
  expect(await chooseSupply(choice(bare), report)).toMatchObject({ kind: "mirror", objection: expect.any(String) });
  expect(warnings).toMatchObject([{ code: "lock.absent", hint: "rbuild lock" }]);
  expect(await chooseSupply({ ...choice(locked), ignoresLock: true }, report)).toMatchObject({ kind: "mirror", objection: expect.any(String) });
  expect(await chooseSupply({ ...choice(bare), purpose: "record" }, report)).toMatchObject({ kind: "recorded" });
});

test("a release is built with a current lock or not at all; a stale lock stops any build", async () => {
  const locked = await treeWith(treeLockText(treeLock()));
  const bare = await treeWith();
  const stale = { suites: [{ archive: "debian", suite: "trixie", components: ["main"] }] };
  const none = () => {};
  await expect(chooseSupply({ ...choice(bare), tag: "v1" }, none)).rejects.toMatchObject({ code: "lock.absent-on-release" });
  await expect(chooseSupply({ ...choice(locked), ignoresLock: true, tag: "v1" }, none)).rejects.toMatchObject({ code: "iso.override-on-release" });
  await expect(chooseSupply(choice(locked, stale), none)).rejects.toMatchObject({
    code: "lock.stale",
    details: { field: "lock.suites.0.suite", was: '"bookworm"', is: '"trixie"' },
  });
  await expect(chooseSupply({ ...choice(bare), wanted: undefined, purpose: "record" }, none)).rejects.toMatchObject({ code: "lock.not-declared" });
});
