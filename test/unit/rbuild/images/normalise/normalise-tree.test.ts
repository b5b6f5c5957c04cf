import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { isRewritten, NORMALISATION_RULES, normaliseTree } from "../../../../../src/rbuild/images/normalise/normalise-tree.ts";
import { readTree } from "../../../../../src/rbuild/images/rootfs/read-tree.ts";
import type { Inode } from "../../../../../src/rbuild/images/rootfs/tree.ts";
import { byteString, readTar } from "../../../../../src/system/tar/index.ts";
import { type Listed, rootfs } from "../support.ts";

const EPOCH = 86_400 * 19_000;

async function normalised(list: readonly Listed[], remove: readonly string[] = []): Promise<Map<string, Inode>> {
  const directories = new Set(
    list.flatMap(([path]) =>
      path
        .split("/")
        .map((_, index, parts) => parts.slice(0, index).join("/"))
        .filter(Boolean),
    ),
  );
  const listed = new Set(list.map(([path]) => path));
  const parents = [...directories].filter((path) => !listed.has(path)).map((path): Listed => [path, "directory"]);
  const tree = await readTree(readTar(rootfs([...parents, ...list].toSorted(([a], [b]) => (a < b ? -1 : 1)))), { keepInMemory: isRewritten });
  normaliseTree(tree, { sourceDateEpoch: EPOCH, remove });
  return tree;
}

const textOf = (inode: Inode | undefined) =>
  inode?.kind === "file" && inode.content.place.kind === "memory" ? Buffer.from(inode.content.place.bytes).toString() : undefined;

test.each([
  ".dockerenv",
  "etc/hostname",
  "etc/resolv.conf",
  "dev/console",
  "proc/1",
  ".rbuild/step",
  "etc/apt/sources.list.d/rbuild-build.list",
  "usr/sbin/policy-rc.d",
  "var/lib/dbus/machine-id",
  "etc/shadow-",
  "var/cache/ldconfig/aux-cache",
  "var/lib/apt/lists/host_InRelease",
  "var/cache/apt/pkgcache.bin",
  "var/lib/dpkg/status-old",
  "var/cache/debconf/config.dat-old",
  "var/log/apt/term.log",
  "run/lock/x",
  "tmp/x",
  "usr/lib/python3/dist-packages/x/__pycache__/x.cpython-311.pyc",
  "var/cache/fontconfig/x.cache-7",
  "var/cache/man/index.db",
  "etc/ssh/ssh_host_rsa_key",
  "var/lib/systemd/random-seed",
  "root/.cache/x",
])("%s is taken out", async (path) => {
  expect((await normalised([[path, "file", { content: "x" }]])).has(path)).toBe(false);
});

test.each([
  "etc/apt/sources.list.d/other.list",
  "etc/passwd",
  "etc/ssh/ssh_config",
  "var/lib/dpkg/status",
  "usr/share/info/dir",
  "etc/apt/apt.conf.d/01autoremove",
])("%s stays", async (path) => {
  expect((await normalised([[path, "file"]])).has(path)).toBe(true);
});

test("the machine id stays as an empty file", async () => {
  expect(textOf((await normalised([["etc/machine-id", "file", { content: "abc" }]])).get("etc/machine-id"))).toBe("");
});

test("passwords were last changed on the day of the image, unless they never were or must be at once", async () => {
  const shadow = "root:*:20001:0:99999:7:::\nnew:x:0:0:99999:7:::\nnever:x::0:99999:7:::\nbroken\n";
  expect(textOf((await normalised([["etc/shadow", "file", { content: shadow }]])).get("etc/shadow"))).toBe(
    "root:*:19000:0:99999:7:::\nnew:x:0:0:99999:7:::\nnever:x::0:99999:7:::\nbroken\n",
  );
});

test("log directories stay for the programs that write there", async () => {
  const tree = await normalised([
    ["var/log/daemon", "directory", { uid: 7 }],
    ["var/log/daemon/x.log", "file"],
  ]);
  expect([...tree.keys()].filter((path) => path.startsWith("var/log"))).toEqual(["var/log", "var/log/daemon"]);
});

test("directories that engines touch are the same whatever they made of them", async () => {
  const tree = await normalised([["tmp", "directory", { mode: 0o700, uid: 5 }]]);
  expect(tree.get("tmp")).toMatchObject({ mode: 0o1777, uid: 0, mtime: EPOCH });
  expect(tree.get("proc")).toMatchObject({ kind: "directory", mode: 0o755 });
});

test("nothing is younger than the image or older than 1970", async () => {
  const tree = await normalised([
    ["a", "file", { mtime: { seconds: EPOCH + 1, nanoseconds: 0 } }],
    ["b", "file", { mtime: { seconds: 5, nanoseconds: 0 } }],
  ]);
  expect([tree.get("a")?.mtime, tree.get("b")?.mtime]).toEqual([EPOCH, 5]);
});

test("a definition's own patterns are taken out too", async () => {
  expect((await normalised([["usr/share/doc/x", "file"]], ["usr/share/doc/**"])).has("usr/share/doc/x")).toBe(false);
});

test("every rule has its line in docs/normalisation.md", async () => {
  const text = await readFile(resolve(import.meta.dirname, "../../../../../docs/normalisation.md"), "utf8");
  const documented = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
  expect(documented).toEqual(NORMALISATION_RULES.map(({ id }) => id));
});

test("rules read text files only where they can be read", () => {
  expect(isRewritten(byteString("etc/shadow"))).toBe(true);
  expect(isRewritten(byteString("etc/passwd"))).toBe(false);
});
