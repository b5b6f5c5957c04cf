import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ImageDiff } from "../../../../../src/rbuild/lock/diff/image-diff.ts";
import { LOCK_FILE } from "../../../../../src/rbuild/lock/image-lock.ts";
import { openPool } from "../../../../../src/rbuild/pool/open-pool.ts";
import { run } from "../../../../../src/system/index.ts";
import { jsonLines, rbuild } from "../../../../support/rbuild-command.ts";
import { lockPackages, smallLock } from "../../../../support/small-lock.ts";

const CHANGELOG = `libx (1.2-1) stable; urgency=medium

  * Fix CVE-2026-1234.
  * And \`more\`.

 -- N <n@example.org>  Thu, 01 Jan 2026 00:00:00 +0000

libx (1.1-1) stable; urgency=medium

  * Between, CVE-2025-77777.

 -- N <n@example.org>  Thu, 01 Jan 2025 00:00:00 +0000

libx (1.0-1) stable; urgency=medium

  * Before, CVE-2020-0001.

 -- N <n@example.org>  Thu, 01 Jan 2020 00:00:00 +0000
`;

let tree: string;
const git = (...args: string[]) =>
  run("git", ["-c", "user.name=n", "-c", "user.email=n@example.org", "-C", tree, ...args], { env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent" } });
const diff = (...args: string[]) => rbuild(["image", "diff", "--engine-root", join(tree, ".engine"), "--run-root", join(tree, ".run"), ...args], { cwd: tree });

async function writeLock(name: string, lock: unknown): Promise<void> {
  await mkdir(join(tree, "images", name), { recursive: true });
  await writeFile(join(tree, "images", name, LOCK_FILE), JSON.stringify(lock));
}

beforeAll(async () => {
  tree = await mkdtemp("/var/tmp/rbuild-diff-");
  const pool = await openPool(join(tree, ".engine/state/pool"));
  const below = await lockPackages(tree, undefined, [{ name: "ground", version: "1" }]);
  const before = await lockPackages(tree, undefined, [
    { name: "gone", version: "3" },
    { name: "libx1", version: "1.0-1", source: "libx" },
    { name: "libx-bin", version: "1.0-1", source: "libx" },
    { name: "older", version: "2" },
  ]);
  const after = await lockPackages(tree, pool, [
    { name: "fresh", version: "1" },
    // Its documentation is that of libx1.
    { name: "libx-bin", version: "1.2-1", source: "libx", files: { "/usr/share/doc/libx-bin": { symlink: "libx1" } } },
    { name: "libx1", version: "1.2-1", source: "libx", files: { "/usr/share/doc/libx1/changelog.Debian.gz": gzipSync(CHANGELOG) } },
    { name: "older", version: "1~rc" },
  ]);
  const from = { from: { name: "low", lock: `sha256:${"1".repeat(64)}` as never } };
  await writeLock("low", smallLock("low", below));
  await writeLock("top", smallLock("top", before, from));
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "images");
  await git("commit", "--quiet", "--message=one");
  const archives = [{ ...smallLock("top", []).archives[0]!, version: "12.2" }];
  await writeLock("top", smallLock("top", after, { ...from, archives }));
});
afterAll(() => rm(tree, { recursive: true }));

test("compares a lock with its own earlier revision, changelogs included", async () => {
  const { stdout, stderr, exitCode } = await diff("--json", "top@main", "top");
  expect(stderr).toBe("");
  expect(exitCode).toBe(1);
  const { data } = jsonLines(stdout).at(-1) as { data: ImageDiff };
  expect(data.packages.map(({ name, kind }) => [name, kind])).toEqual([
    ["fresh", "added"],
    ["gone", "removed"],
    ["libx-bin", "upgraded"],
    ["libx1", "upgraded"],
    ["older", "downgraded"],
  ]);
  expect(data.from).toMatchObject({ kind: "lock", label: "top@main", packages: 5 });
  expect(data.fields).toEqual([{ field: "archives.debian/bookworm.version", was: "12.1", is: "12.2" }]);
  const [libx, older] = data.sources;
  expect(libx).toMatchObject({ name: "libx", from: "1.0-1", to: "1.2-1", packages: ["libx-bin", "libx1"], cves: ["CVE-2025-77777", "CVE-2026-1234"] });
  expect(libx?.changelog).toMatchObject({ kind: "found", entries: [{ version: "1.2-1" }, { version: "1.1-1" }], omittedLines: 0 });
  // The newer .deb, of the version that is left, was never in the pool.
  expect(older).toMatchObject({ kind: "downgraded", changelog: { kind: "missing", why: "not-in-pool" } });
});

test("writes a table for people, and Markdown that no changelog breaks out of", async () => {
  const text = await diff("top@main", "top", "--changelog-lines", "1");
  expect(text.stdout).toMatch(/^PACKAGE +CHANGE +FROM +TO +BYTES$/m);
  expect(text.stdout).toMatch(/^libx1 +upgraded +1\.0-1 +1\.2-1 +\+/m);
  expect(text.stdout).toContain("libx 1.0-1 -> 1.2-1 (libx-bin, libx1): CVE-2025-77777 CVE-2026-1234\n  1.2-1\n    * Fix CVE-2026-1234.\n  … 2 more lines");
  const markdown = await diff("top@main", "top", "--format", "markdown");
  expect(markdown.stdout).toContain("| `fresh` | added |  | `1` |");
  expect(markdown.stdout).toContain("<details><summary>libx 1.0-1 → 1.2-1 — CVE-2025-77777, CVE-2026-1234</summary>\n\n`libx-bin`, `libx1`\n\n```\n1.2-1\n");
});

test("takes files of locks, and finds what is the same identical", async () => {
  expect(await diff("top", "images/top/image.lock.json")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("\nidentical\n") });
  await mkdir(join(tree, "alone"), { recursive: true });
  await writeFile(join(tree, "alone/lock.json"), JSON.stringify(smallLock("top", [], { from: { name: "low", lock: `sha256:${"1".repeat(64)}` as never } })));
  const alone = jsonLines((await diff("--json", "alone/lock.json", "top")).stdout).at(-1) as { data: ImageDiff };
  expect(alone.data.notes).toEqual([expect.stringContaining("the lock of low")]);
  expect(alone.data.packages.map(({ name }) => name)).not.toContain("ground");
});

test("says what is not there", async () => {
  expect((await diff("--json", "top@nowhere", "top")).stdout).toContain("diff.unknown-revision");
  expect((await diff("--json", "absent@main", "top")).stdout).toContain("diff.no-lock");
});
