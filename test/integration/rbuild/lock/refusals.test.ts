import { glob, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { execa } from "execa";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { checkKeptLock } from "../../../../src/rbuild/lock/check-kept-lock.ts";
import { readLockedChain } from "../../../../src/rbuild/lock/locked-chain.ts";
import { makeSigningKey, type SigningKey, type SuiteState } from "../../../support/apt-archive/index.ts";
import { type LockLab, openLockLab } from "../../../support/lock-lab.ts";

const PACKAGES = [
  { name: "hello", version: "1.0", depends: "world" },
  { name: "world", version: "2" },
];
const DATE = 1_767_225_600;
const NOW = Math.floor(Date.now() / 1000);

async function openLab(state: Partial<SuiteState> = {}, key?: SigningKey): Promise<LockLab> {
  const lab = await openLockLab({ packages: PACKAGES, date: DATE, ...state }, key);
  onTestFinished(() => lab[Symbol.asyncDispose]());
  await lab.define("one", { packages: ["hello"], architectures: ["amd64"] });
  return lab;
}

describe("an archive is not chosen from", () => {
  test.each<[string, string, Partial<SuiteState>]>([
    ["whose InRelease was changed after it was signed", "lock.bad-signature", { editInRelease: (text) => text.replace("Label: Test", "Label: Evil") }],
    ["whose InRelease says something before the signed text", "lock.unsigned", { editInRelease: (text) => `Label: Evil\n\n${text}` }],
    ["whose InRelease says something after the signature", "lock.unsigned", { editInRelease: (text) => `${text}Label: Evil\n` }],
    [
      "that is another suite of the same archive",
      "lock.other-suite",
      { editRelease: (text) => text.replace("Suite: test", "Suite: old").replace("Codename: test", "Codename: older") },
    ],
    ["that nobody signed", "lock.unsigned", { keys: [] }],
    ["that was valid until yesterday", "lock.archive-expired", { date: NOW - 9 * 86_400, validUntil: NOW - 86_400 }],
    [
      "that is from tomorrow, or today when the clock is behind",
      "lock.clock-behind",
      { editRelease: (text) => text.replace(/^Date:.*$/m, `Date: ${new Date((NOW + 86_400) * 1000).toUTCString()}`) },
    ],
    ["whose index is not the one that was signed", "lock.index-mismatch", { editPackages: (text) => text.replace("Version: 1.0", "Version: 6.6") }],
    ["whose Release has no SHA-256 sums", "debian.malformed-release", { editRelease: (text) => text.slice(0, text.indexOf("SHA256:")) }],
  ])("%s", async (_what, code, state) => {
    const lab = await openLab(state);
    await expect(lab.lock("one")).rejects.toMatchObject({ code });
    await expect(readFile(join(lab.imageDirectories[0] ?? "", "one/image.lock.json"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("that was signed tomorrow, until its clock is right again", async () => {
    const lab = await openLab({ date: NOW + 86_400 });
    await expect(lab.lock("one")).rejects.toMatchObject({ code: "lock.clock-behind" });
    await lab.archive.publish({ packages: PACKAGES, date: DATE });
    expect((await lab.lock("one")).changed).toBe(true);
  });

  test("that somebody else signed", async () => {
    const other = await makeSigningKey({ name: "Somebody else" });
    const lab = await openLab({ keys: [other] });
    await expect(lab.lock("one")).rejects.toMatchObject({
      code: "lock.unknown-signer",
      category: "untrusted",
      message: expect.stringContaining(other.fingerprint.slice(-16)),
    });
  });

  test("whose key has expired since it signed", async () => {
    const created = NOW - 20 * 86_400;
    const expired = await makeSigningKey({ created, expiresAfter: 10 * 86_400 });
    const lab = await openLab({ date: created + 86_400 }, expired);
    await expect(lab.lock("one")).rejects.toMatchObject({ code: "lock.expired-key", message: expect.stringContaining(expired.fingerprint) });
  });

  test("that is older than the lock", async () => {
    const lab = await openLab();
    await lab.lock("one");
    await lab.archive.publish({ packages: [...PACKAGES.slice(0, 1), { name: "world", version: "1" }], date: DATE - 86_400 });
    // As on another machine, whose APT has not seen the newer one.
    await expect(lab.lock("one", { refresh: true, mirrors: new Map([["test", lab.archive.url.replace("127.0.0.1", "localhost")]]) })).rejects.toMatchObject({
      code: "lock.archive-older",
    });
  });

  test("that cannot be reached, or has no such suite", async () => {
    const lab = await openLab();
    await expect(lab.lock("one", { mirrors: new Map([["test", "http://127.0.0.1:9/debian"]]) })).rejects.toMatchObject({ code: "mirror.unreachable" });
    await lab.define("one", { packages: ["hello"], suites: [{ suite: "gone", archive: "test", url: lab.archive.url, keyring: "archive.gpg" }] });
    await expect(lab.lock("one")).rejects.toMatchObject({ code: "lock.no-suite", details: { suite: "gone" } });
    await lab.define("one", { packages: ["hello"], suites: [{ suite: "test", archive: "test", url: lab.archive.url, keyring: "none.gpg" }] });
    await expect(lab.lock("one")).rejects.toMatchObject({ code: "lock.keyring-missing" });
  });
});

test("a full disk is called that, and no fault of the mirror", async () => {
  const lab = await openLab();
  const place = join(lab.stateDirectory, "apt");
  await mkdir(place, { recursive: true });
  await execa("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", place]);
  onTestFinished(async () => void (await execa("umount", ["--lazy", place])));
  await expect(lab.lock("one")).rejects.toMatchObject({ code: "lock.no-space", details: { directory: expect.stringContaining(place) } });
});

test("a mirror may ask for a password, which nobody else may read", async () => {
  const lab = await openLab();
  const url = lab.archive.url.replace("//", "//somebody:s3cret@");
  await lab.lock("one", { mirrors: new Map([["test", url]]) });
  const [settings = ""] = await Array.fromAsync(glob(join(lab.stateDirectory, "apt/*/etc")));
  expect((await stat(settings)).mode & 0o777).toBe(0o700);
  expect(JSON.stringify(lab.events)).not.toContain("s3cret");
});

test("a good signature counts beside one of an unknown key", async () => {
  const key = await makeSigningKey();
  const lab = await openLab({ keys: [await makeSigningKey({ name: "Somebody else" }), key] }, key);
  expect((await lab.lock("one")).lock.archives[0]?.signedBy).toEqual([key.fingerprint]);
});

describe("a definition cannot be locked", () => {
  test("that names a package which is nowhere; near names are told", async () => {
    const lab = await openLab();
    await lab.define("one", { packages: ["helo"] });
    await expect(lab.lock("one")).rejects.toMatchObject({
      code: "lock.no-such-package",
      hint: "there is hello",
      details: { package: "helo", near: ["hello"] },
    });
  });

  test.each(["hell.", "world-", "w.rld", "world+"])("that names %s, which APT would take for a pattern or for something to do", async (name) => {
    const lab = await openLab();
    await lab.define("one", { packages: ["hello", name] });
    await expect(lab.lock("one")).rejects.toMatchObject({ code: "lock.no-such-package", details: { package: name } });
  });

  test("whose packages need what is not there, in APT's words", async () => {
    const lab = await openLab({
      packages: [
        { name: "hello", version: "1.0", depends: "world (>= 3)" },
        { name: "world", version: "2" },
      ],
    });
    await expect(lab.lock("one")).rejects.toMatchObject({
      code: "lock.unsatisfiable",
      message: expect.stringMatching(/hello : Depends: world \(>= 3\) /),
    });
  });

  test("whose packages would take one of the image below away", async () => {
    const lab = await openLab({ packages: [...PACKAGES, { name: "rival", version: "1", conflicts: "hello" }] });
    await lab.lock("one");
    await lab.define("two", { from: "one", packages: ["rival"] });
    await expect(lab.lock("two")).rejects.toMatchObject({ code: "lock.unsatisfiable" });
  });

  test("before the image below", async () => {
    const lab = await openLab();
    await lab.define("two", { from: "one" });
    await expect(lab.lock("two")).rejects.toMatchObject({ code: "lock.missing", hint: "rbuild image lock one" });
  });

  test("with packages to move that no lock has", async () => {
    const lab = await openLab();
    await expect(lab.lock("one", { update: ["hello"] })).rejects.toMatchObject({ code: "lock.missing" });
    await lab.lock("one");
    await expect(lab.lock("one", { update: ["hallo"] })).rejects.toMatchObject({ code: "lock.not-locked", hint: "there is hello" });
  });
});

describe("a lock that was tampered with", () => {
  let lab: LockLab;
  let path: string;
  beforeEach(async () => {
    lab = await openLab();
    path = (await lab.lock("one")).path;
  });
  const edit = async (change: (text: string) => string, file = path) => writeFile(file, change(await readFile(file, "utf8")));

  test.each<[string, string, (text: string) => string]>([
    ["is no JSON", "lock.invalid", (text) => text.slice(0, -20)],
    ["has a field too many", "lock.invalid", (text) => text.replace('"lockedAt"', '"other": 1,\n  "lockedAt"')],
    ["names a path out of the archive", "lock.invalid", (text) => text.replace("pool/main/h", "pool/../h")],
    ["has other wishes than its digest says", "lock.invalid", (text) => text.replace('"variant": "extract"', '"variant": "minbase"')],
    ["has its packages in another order", "lock.invalid", (text) => text.replace('"name":"hello"', '"name":"zzz"')],
    [
      "has two versions of a package",
      "lock.duplicate-package",
      (text) => text.replace(/^( *)(\{"name":"hello".*\},)$/m, (line, indent: string) => `${line}\n${indent}${line.trim().replace('"1.0"', '"1.1"')}`),
    ],
  ])("%s", async (_what, code, change) => {
    await edit(change);
    await expect(readLockedChain("one", lab)).rejects.toMatchObject({ code });
    expect(await lab.lock("one", { refresh: true })).toMatchObject({ changed: true });
    await readLockedChain("one", lab);
  });

  test("is found out by what is kept: other bytes, no bytes, another story", async () => {
    const kept = join(path, "../image.lock.d");
    const { lock } = await checkKeptLock("one", lab);
    const [archive] = lock.archives;
    await edit((text) => text.replace(`"date":${archive?.date ?? ""}`, `"date":${(archive?.date ?? 0) - 1}`));
    await expect(checkKeptLock("one", lab)).rejects.toMatchObject({ code: "lock.kept-file-differs" });
    const inRelease = join(kept, `test_test_${archive?.inRelease.slice(7, 23)}.InRelease.gz`);
    const text = gunzipSync(await readFile(inRelease)).toString();
    await writeFile(inRelease, gzipSync(text.replace("Label: Test", "Label: Evil")));
    await expect(checkKeptLock("one", lab)).rejects.toMatchObject({ code: "lock.kept-file-damaged" });
    await (await import("node:fs/promises")).rm(inRelease);
    await expect(checkKeptLock("one", lab)).rejects.toMatchObject({ code: "lock.kept-file-missing" });
    await lab.lock("one", { refresh: true });
    expect(await checkKeptLock("one", lab)).toMatchObject({ name: "one" });
  });

  test("or is for another architecture is refused", async () => {
    await expect(readLockedChain("one", { ...lab, architecture: "arm64" })).rejects.toMatchObject({
      code: "lock.no-architecture",
      details: { known: ["amd64"] },
    });
  });
});
