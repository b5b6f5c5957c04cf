import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { canonicalJson, type Digest, digestOf } from "../../../../src/oci/index.ts";
import { parseDefinition } from "../../../../src/rbuild/definition/read-definition.ts";
import { checkLock } from "../../../../src/rbuild/lock/check-lock.ts";
import type { ImageLock, LockedPackage } from "../../../../src/rbuild/lock/image-lock.ts";
import { lockDigest } from "../../../../src/rbuild/lock/lock-digest.ts";
import { lockText } from "../../../../src/rbuild/lock/lock-text.ts";
import { parseLock, readLock } from "../../../../src/rbuild/lock/read-lock.ts";
import { wantedOf } from "../../../../src/rbuild/lock/wanted.ts";
import { writeLock } from "../../../../src/rbuild/lock/write-lock.ts";
import { isRbuildError } from "../../../../src/system/index.ts";

const IN_RELEASE = Buffer.from("release");
const KEYRING = Buffer.from("keys");
const locked = (name: string, version: string): LockedPackage => ({
  name,
  version,
  architecture: "all",
  size: 10,
  sha256: digestOf(`${name} ${version}`),
  path: `pool/main/${name}_1_all.deb`,
  source: name,
  archive: "debian",
});

function lockOf(packages: LockedPackage[], wanted: ImageLock["wanted"] = { variant: "minbase" }, inRelease: Buffer = IN_RELEASE): ImageLock {
  return {
    lockVersion: 1,
    compatibilityVersion: 1,
    name: "one",
    sourceDateEpoch: 1,
    lockedAt: 2,
    wanted,
    definition: digestOf(canonicalJson(wanted)),
    archives: [
      {
        archive: "debian",
        suite: "test",
        components: ["main"],
        version: "1",
        date: 1,
        inRelease: digestOf(inRelease),
        keyring: digestOf(KEYRING),
        signedBy: ["A".repeat(40)],
        indexes: [{ path: "dists/test/main/binary-amd64/Packages", size: 3, sha256: digestOf("index") }],
      },
    ],
    architectures: { amd64: { packages, offers: [] } },
  };
}

const name = fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,10}$/);
const version = fc.stringMatching(/^[0-9][A-Za-z0-9.+:~-]{0,10}$/);
const packages = fc
  .uniqueArray(fc.tuple(name, version), { selector: ([key]) => key, maxLength: 20 })
  .map((list) => list.map(([key, value]) => locked(key, value)).sort((a, b) => (a.name < b.name ? -1 : 1)));

async function scratch(): Promise<string> {
  const directory = await mkdtemp("/var/tmp/rbuild-lock-file-");
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

describe("a lock file", () => {
  test("gives back the lock that was written, in the same bytes every time, one package per line", () => {
    fc.assert(
      fc.property(packages, (list) => {
        const lock = lockOf(list);
        const text = lockText(lock);
        const read = parseLock(text, "x");
        expect(read).toEqual(lock);
        expect(lockText(read)).toBe(text);
        expect(text.split("\n").filter((line) => line.includes('"sha256"') && line.includes('"name"'))).toHaveLength(list.length);
      }),
    );
  });

  test("has a digest of all but the time it was made", () => {
    const lock = lockOf([locked("aa", "1")]);
    expect(lockDigest({ ...lock, lockedAt: 99 })).toBe(lockDigest(lock));
    expect(lockDigest({ ...lock, sourceDateEpoch: 99 })).not.toBe(lockDigest(lock));
    expect(lockDigest(lockOf([locked("aa", "2")]))).not.toBe(lockDigest(lock));
  });

  test("that was changed anywhere is another lock, or a coded error", () => {
    const text = lockText(lockOf([locked("aa", "1"), locked("bb", "1")]));
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.stringMatching(/^[ -~]$/), (at, character) => {
        try {
          parseLock(text.slice(0, at) + character + text.slice(at + 1), "x");
        } catch (error) {
          expect(isRbuildError(error, "lock.invalid") || isRbuildError(error, "lock.duplicate-package")).toBe(true);
        }
      }),
    );
  });

  test("is replaced after what it keeps and before what it no longer keeps goes", async () => {
    const directory = await scratch();
    const kept = (inRelease: Buffer) => [{ inRelease, keyring: KEYRING }];
    await writeLock(directory, lockOf([]), kept(IN_RELEASE));
    const [old] = (await readdir(join(directory, "image.lock.d"))).filter((file) => file.endsWith(".InRelease.gz"));
    // A kill before the lock was replaced: its directory has files of both.
    await writeFile(join(directory, "image.lock.d/debian_test_0123.InRelease.gz"), "new");
    expect(await readLock(directory)).toEqual(lockOf([]));
    expect(gunzipSync(await readFile(join(directory, "image.lock.d", old ?? "")))).toEqual(IN_RELEASE);
    const next = Buffer.from("another release");
    await writeLock(directory, lockOf([], undefined, next), kept(next));
    const files = await readdir(join(directory, "image.lock.d"));
    expect(files).toHaveLength(2);
    expect(files).not.toContain(old);
  });
});

describe("a lock is stale", () => {
  const suites = "suites: [{suite: a}, {suite: b, components: [main, contrib]}]\npackages: [x1, y1]\npreferences: 'Package: x1'";
  const stateAfter = async (yaml: string, below?: { name: string; lock: Digest }) => {
    const directory = await scratch();
    await mkdir(directory, { recursive: true });
    const define = (text: string) => ({ directory, definition: parseDefinition(`name: one\nversion: "1"\n${text}\n`, "image.yaml") });
    await writeLock(directory, lockOf([], await wantedOf(define(suites))), [{ inRelease: IN_RELEASE, keyring: KEYRING }]);
    return checkLock(define(yaml), below);
  };

  test.each([
    ["a suite's name", suites.replace("{suite: a}", "{suite: c}"), "suites.0.suite", "a", "c"],
    ["another suite", suites.replace("{suite: a}, ", ""), "suites.0.suite", "a", "b"],
    ["a component fewer", suites.replace(", contrib", ""), "suites.1.components.contrib", "contrib", "nothing"],
    ["a package more", suites.replace("y1]", "y1, w1]"), "packages.w1", "nothing", "w1"],
    ["a package fewer", suites.replace(", y1", ""), "packages.y1", "y1", "nothing"],
    ["other preferences", suites.replace("Package: x1", "Package: *"), "preferences", "Package: x1", "Package: *"],
    ["a variant", `${suites}\nvariant: standard`, "variant", "minbase", "standard"],
  ])("by %s", async (_what, yaml, field, was, is) => expect(await stateAfter(yaml)).toMatchObject({ kind: "stale", field, was, is }));

  test("by another lock of the image below", async () => {
    const lock = digestOf("below");
    expect(await stateAfter("from: base\npackages: [x1, y1]", { name: "base", lock })).toMatchObject({ kind: "stale" });
  });

  test("not by the order of packages, nor by what decides no package", async () => {
    expect(await stateAfter(`${suites.replace("x1, y1", "y1, x1")}\ncommand: [sh]\nenvironment: {A: b}`)).toMatchObject({ kind: "current" });
  });
});
