import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { type SnapshotKey, type Snapshotter, snapshotKey } from "../../../src/engine/snapshots/snapshotter.ts";
import { asDiffId, type ChainId, chainIds, digestOf } from "../../../src/oci/index.ts";
import { type ByteString, byteString, readXattr, setModificationTime, type TarInput } from "../../../src/system/index.ts";
import { ACL_ACCESS, makeRichTree } from "../../support/rich-tree.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { entry, file, once, tarOf } from "../../support/tar-entries.ts";
import { describeTree } from "../../support/tree.ts";

export async function applyTar(snapshots: Snapshotter, tar: Buffer, parent?: ChainId): Promise<ChainId> {
  return snapshots.apply({ tar: once(tar), diffId: asDiffId(digestOf(tar)), ...(parent ? { parent } : {}) });
}

export async function applyEntries(snapshots: Snapshotter, entries: readonly TarInput[], parent?: ChainId): Promise<ChainId> {
  return applyTar(snapshots, await tarOf(entries), parent);
}

export const asKey = (chain: ChainId): SnapshotKey => chain as unknown as SnapshotKey;

/** What every Snapshotter keeps. `open` gives a fresh, empty one; it cleans up after the test by itself. */
export function describeSnapshotter(open: () => Promise<Snapshotter>): void {
  let serial = 0;
  /** Mounts a snapshot for as long as `use` runs. */
  async function mounted<T>(snapshots: Snapshotter, key: SnapshotKey, use: (root: string) => T | Promise<T>, options?: { readOnly: boolean }): Promise<T> {
    const target = join(await scratchDirectory(), `mnt${serial++}`);
    await snapshots.mount(key, target, options);
    try {
      return await use(target);
    } finally {
      await snapshots.unmount(target);
    }
  }
  async function changed(snapshots: Snapshotter, parent: ChainId | undefined, change: (root: string) => void): Promise<SnapshotKey> {
    const key = snapshotKey(`test-${serial++}`);
    await snapshots.prepare(key, parent);
    await mounted(snapshots, key, change);
    return key;
  }
  const diffOf = async (snapshots: Snapshotter, key: SnapshotKey, clampTime?: number) =>
    Buffer.concat(await Array.fromAsync(snapshots.diff(key, clampTime === undefined ? {} : { clampTime })));
  const namesIn = (tar: Buffer) => execFileSync("tar", ["-t", "--quoting-style=literal"], { input: tar }).toString().split("\n").slice(0, -1);

  test("names a stack of layers by its chain id and mounts it read-only", async () => {
    const snapshots = await open();
    const [one, two] = [await tarOf([file("a", "1"), file("b", "1")]), await tarOf([file("b", "2")])];
    const base = await applyTar(snapshots, one);
    const top = await applyTar(snapshots, two, base);
    expect([base, top]).toEqual(chainIds([asDiffId(digestOf(one)), asDiffId(digestOf(two))]));
    expect(await applyTar(snapshots, two, base)).toBe(top);
    await mounted(snapshots, asKey(top), (root) => {
      expect(readFileSync(join(root, "a"), "utf8") + readFileSync(join(root, "b"), "utf8")).toBe("12");
      expect(() => writeFileSync(join(root, "c"), "")).toThrow(/EROFS/);
    });
    await mounted(snapshots, asKey(base), (root) => {
      expect(readFileSync(join(root, "b"), "utf8")).toBe("1");
      expect(() => writeFileSync(join(root, "c"), "")).toThrow(/EROFS/);
    });
    expect(await snapshots.stat(asKey(top))).toEqual({ key: top, kind: "committed", parent: base });
    expect(await snapshots.list()).toHaveLength(2);
  });

  test("makes one snapshot of a layer that is applied several times at once", async () => {
    const snapshots = await open();
    const tar = await tarOf([file("a", "x".repeat(100_000))]);
    const chains = await Promise.all([1, 2, 3].map(() => applyTar(snapshots, tar)));
    expect(new Set(chains).size).toBe(1);
    expect(await snapshots.list()).toHaveLength(1);
  });

  test("keeps nothing of a layer that is not what its diff id says", async () => {
    const snapshots = await open();
    const tar = await tarOf([file("a")]);
    await expect(snapshots.apply({ tar: once(tar), diffId: asDiffId(digestOf("other")) })).rejects.toMatchObject({ code: "layer.diff-id-mismatch" });
    const cut = tar.subarray(0, 300);
    await expect(applyTar(snapshots, cut)).rejects.toMatchObject({ code: "layer.malformed" });
    expect(await snapshots.list()).toEqual([]);
  });

  test("takes what follows the archive's end into the diff id", async () => {
    const snapshots = await open();
    const tar = Buffer.concat([await tarOf([file("a", "x")]), Buffer.alloc(10_240), Buffer.from("garbage")]);
    await mounted(snapshots, asKey(await applyTar(snapshots, tar)), (root) => expect(readdirSync(root)).toEqual(["a"]));
  });

  const link = (path: string, target: string) => entry(path, "symlink", { linkPath: byteString(target) });
  const hardlink = (path: string, target: string) => entry(path, "hardlink", { linkPath: byteString(target) });
  const UNSAFE: Record<string, TarInput[]> = {
    "an absolute path": [file("/etc/passwd")],
    "a path that climbs": [file("a/../../b")],
    "a path of dots": [file("..")],
    "a file through an absolute link": [link("x", "/etc"), file("x/passwd")],
    "a file through a relative link": [entry("d", "directory"), link("d/x", ".."), file("d/x/y")],
    "a directory through a link": [link("x", "/tmp"), entry("x/d", "directory")],
    "a file below a file": [file("x"), file("x/y")],
    "a hardlink to an absolute path": [hardlink("x", "/etc/passwd")],
    "a hardlink that climbs": [hardlink("x", "../../etc/passwd")],
    "a whiteout of the directory above": [file("d/.wh...")],
    "a whiteout through a link": [link("x", "/tmp"), file("x/.wh.y")],
    "an opaque mark through a link": [link("x", "/tmp"), file("x/.wh..wh..opq")],
  };
  test.each(Object.entries(UNSAFE))("refuses %s", async (_, entries) => {
    const snapshots = await open();
    await expect(applyEntries(snapshots, entries)).rejects.toMatchObject({ code: "layer.unsafe-path", category: "untrusted" });
    expect(await snapshots.list()).toEqual([]);
  });

  const MALFORMED: Record<string, TarInput[]> = {
    "a hardlink to nothing": [hardlink("x", "y")],
    "a hardlink through a link": [link("x", "/etc"), hardlink("y", "x/passwd")],
    "a hardlink to a directory": [entry("d", "directory"), hardlink("x", "d")],
    "a directory that becomes a file": [entry("d", "directory"), file("d")],
    "a device 0:0": [entry("x", "character-device")],
    "a root that is no directory": [link("./", "/")],
    "a link to nowhere": [link("x", "")],
    "a name that Linux does not have": [file("x".repeat(256))],
    "an entry below a whiteout": [file(".wh.d/x")],
  };
  test.each(Object.entries(MALFORMED))("refuses %s as malformed", async (_, entries) => {
    const snapshots = await open();
    await expect(applyEntries(snapshots, entries)).rejects.toMatchObject({ code: "layer.malformed", category: "invalid" });
    expect(await snapshots.list()).toEqual([]);
  });

  test("hides with whiteouts and opaque marks what lower layers have, and nothing of their own layer", async () => {
    const snapshots = await open();
    const base = await applyEntries(snapshots, [file("gone"), file("dir/a"), file("dir/b"), file("opaque/old"), file("whole/x"), file("swapped/x")]);
    const top = await applyEntries(
      snapshots,
      [
        entry("dir", "directory"),
        file("dir/.wh.a"),
        file("opaque/new"),
        file("opaque/.wh..wh..opq"),
        file(".wh.gone"),
        file(".wh.whole"),
        file(".wh.never-was"),
        file(".wh.swapped"),
        entry("swapped", "directory"),
        file("swapped/y"),
        file("fresh/.wh.x"),
        file("fresh/y"),
        file(".wh..wh.plnk/123"),
      ],
      base,
    );
    await mounted(snapshots, asKey(top), (root) => {
      expect(readdirSync(root, { recursive: true, encoding: "utf8" }).sort()).toEqual([
        "dir",
        "dir/b",
        "fresh",
        "fresh/y",
        "opaque",
        "opaque/new",
        "swapped",
        "swapped/y",
      ]);
    });
  });

  test("links to a file of a lower layer by copying it up", async () => {
    const snapshots = await open();
    const time = { seconds: 1_234_567_890, nanoseconds: 987_654_321 };
    const pax = new Map([["SCHILY.xattr.user.x" as ByteString, byteString("y")]]);
    const base = await applyEntries(snapshots, [
      entry("usr", "directory", { mode: 0o2751, uid: 3, gid: 4, mtime: time }),
      file("usr/target", "content", { mode: 0o4711, uid: 5, gid: 6, mtime: time, pax }),
    ]);
    const top = await applyEntries(snapshots, [hardlink("name", "usr/target"), hardlink("usr/again", "usr/target")], base);
    await mounted(snapshots, asKey(top), (root) => {
      const lines = describeTree(root).filter((line) => !line.startsWith('"" '));
      expect(lines).toEqual([
        expect.stringMatching(/^"name" mode=104711 owner=5:6 mtime=1234567890987654321 .* user.x=79 links=\["usr\/again","usr\/target"\]/),
        expect.stringMatching(/^"usr" mode=42751 owner=3:4 mtime=1234567890987654321/),
        expect.stringContaining('"usr/again"'),
        expect.stringContaining('"usr/target"'),
      ]);
    });
  });

  test("sets ACLs that come as text, with the numbers that the image's own files give to names", async () => {
    const snapshots = await open();
    const acl = (text: string) => new Map([["SCHILY.acl.access" as ByteString, byteString(text)]]);
    const base = await applyEntries(snapshots, [file("etc/passwd", "builder:x:1234:5:::\n"), file("etc/group", "daemon:x:77:\n")]);
    const text = "user::rw-,user:builder:rwx\ngroup::r--,mask::rwx,other::r--";
    const top = await applyEntries(
      snapshots,
      [file("named", "", { pax: acl(text) }), file("star", "", { pax: acl(text.replace("builder:rwx", "whoever:rwx:1234")) })],
      base,
    );
    await mounted(snapshots, asKey(top), (root) => {
      expect(readXattr(join(root, "named"), "system.posix_acl_access")).toEqual(ACL_ACCESS);
      expect(readXattr(join(root, "star"), "system.posix_acl_access")).toEqual(ACL_ACCESS);
    });
    await expect(
      applyEntries(snapshots, [file("named", "", { pax: acl("user::rw-,user:games:rwx,group::r--,mask::rwx,other::r--") })], base),
    ).rejects.toMatchObject({
      code: "layer.malformed",
    });
  });

  test("takes what a layer does not say of its directories from the layers below", async () => {
    const snapshots = await open();
    const time = { seconds: 1_000_000_000, nanoseconds: 5 };
    const base = await applyEntries(snapshots, [
      entry("./", "directory", { mode: 0o711, uid: 9 }),
      entry("var", "directory", { mode: 0o1777, gid: 8, mtime: time }),
    ]);
    const top = await applyEntries(snapshots, [file("var/lib/x")], base);
    await mounted(snapshots, asKey(top), (root) => {
      expect(statSync(root)).toMatchObject({ mode: 0o040711, uid: 9 });
      expect(lstatSync(join(root, "var"), { bigint: true })).toMatchObject({ mode: 0o041777n, gid: 8n, mtimeNs: 1_000_000_000_000_000_005n });
      expect(statSync(join(root, "var/lib")).mode).toBe(0o040755);
    });
  });

  test("gives back by diff and apply exactly what was changed, files of every kind", async () => {
    const snapshots = await open();
    const base = await applyEntries(snapshots, [
      entry("./", "directory"),
      ...["keep", "remove", "replace", "d/1", "d/2", "e/1", "f/1", "g/x/1", "swap/1"].map((path) => file(path, `base ${path}`)),
    ]);
    const key = await changed(snapshots, base, (root) => {
      makeRichTree(root);
      rmSync(join(root, "remove"));
      writeFileSync(join(root, "replace"), "replaced");
      rmSync(join(root, "d"), { recursive: true });
      mkdirSync(join(root, "d"));
      writeFileSync(join(root, "d/3"), "new in an old name");
      rmSync(join(root, "e"), { recursive: true });
      rmSync(join(root, "f/1"));
      rmSync(join(root, "swap"), { recursive: true });
      writeFileSync(join(root, "swap"), "was a directory");
      execFileSync("mv", [join(root, "g"), join(root, "moved")]);
      linkSync(join(root, "keep"), join(root, "keep-link"));
    });
    const before = await mounted(snapshots, key, (root) => describeTree(root));
    const tar = await diffOf(snapshots, key);
    const top = await applyTar(snapshots, tar, base);
    const after = await mounted(snapshots, asKey(top), (root) => describeTree(root));
    expect(after).toEqual(before);
    const again = snapshotKey("again");
    await snapshots.prepare(again, top);
    expect(namesIn(await diffOf(snapshots, again))).toEqual([]);
  });

  test("gives a layer of equal bytes for equal files, whatever order they were made in and whatever their holes", async () => {
    const snapshots = await open();
    const base = await applyEntries(snapshots, [file("d/old"), file("gone")]);
    const names = ["b", "a", "Z", "d/new", "ä"];
    const make = (order: readonly string[], holes: boolean) => (root: string) => {
      for (const name of order) writeFileSync(join(root, name), name);
      rmSync(join(root, "gone"));
      if (holes) execFileSync("truncate", ["-s", "5M", join(root, "zeros")]);
      else writeFileSync(join(root, "zeros"), Buffer.alloc(5 * 1024 * 1024));
      linkSync(join(root, order === names ? "a" : "link"), join(root, order === names ? "link" : "a"));
    };
    const first = await changed(snapshots, base, make(names, false));
    const second = await changed(snapshots, base, (root) => {
      make([...names.filter((name) => name !== "a"), "link"].toReversed(), true)(root);
      writeFileSync(join(root, "link"), "a");
    });
    const [one, two] = [await diffOf(snapshots, first, 1000), await diffOf(snapshots, second, 1000)];
    expect(namesIn(one)).toEqual(["./", ".wh.gone", "Z", "a", "b", "d/", "d/new", "link", "zeros", "ä"]);
    expect(two.equals(one)).toBe(true);
    expect(one.byteLength).toBeLessThan(100_000);
  });

  test("clamps the times that are later, and leaves the others", async () => {
    const snapshots = await open();
    const key = await changed(snapshots, undefined, (root) => {
      for (const [name, time] of [
        ["early", 999_999_999_999n],
        ["exact", 1_000_000_000_000n],
        ["late", 1_000_000_000_001n],
      ] as const) {
        writeFileSync(join(root, name), "");
        setModificationTime(join(root, name), time);
      }
    });
    const listing = execFileSync("tar", ["-tv", "--full-time"], { input: await diffOf(snapshots, key, 1000), env: { ...process.env, TZ: "UTC" } }).toString();
    expect(listing).toMatch(/1970-01-01 00:16:39\.999999999 early\n.* 1970-01-01 00:16:40 +exact\n.* 1970-01-01 00:16:40 +late\n/);
  });

  test.each([".wh.passwd", "etc/.wh..wh..opq", "etc/.wh.d/x"])("takes no name into a diff that would delete a file where it is applied: %s", async (name) => {
    const snapshots = await open();
    const base = await applyEntries(snapshots, [file("passwd"), file("etc/a")]);
    const key = await changed(snapshots, base, (root) => {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), "");
    });
    await expect(diffOf(snapshots, key)).rejects.toMatchObject({ code: "snapshot.reserved-name" });
  });

  test("a snapshot nobody changed has an empty diff", async () => {
    const snapshots = await open();
    const base = await applyEntries(snapshots, [entry("./", "directory", { mode: 0o700, mtime: { seconds: 5, nanoseconds: 7 } }), file("a")]);
    const key = await changed(snapshots, base, (root) => readFileSync(join(root, "a")));
    expect(await diffOf(snapshots, key)).toEqual(Buffer.alloc(1024));
    expect(await snapshots.changes(key)).toEqual([]);
  });

  test("lists changes as docker diff does", async () => {
    const snapshots = await open();
    const base = await applyEntries(snapshots, [file("etc/a"), file("etc/b"), file("gone"), file("new/1"), file("new/2"), file("sub/deep/x"), file("same/x")]);
    const key = await changed(snapshots, base, (root) => {
      writeFileSync(join(root, "etc/a"), "changed");
      writeFileSync(join(root, "etc/c"), "added");
      rmSync(join(root, "gone"));
      rmSync(join(root, "new"), { recursive: true });
      mkdirSync(join(root, "new"));
      writeFileSync(join(root, "new/2"), "again");
      mkdirSync(join(root, "made/deep"), { recursive: true });
      chmodSync(join(root, "sub/deep/x"), 0o600);
    });
    expect(await snapshots.changes(key)).toEqual([
      { kind: "modified", path: "/etc" },
      { kind: "modified", path: "/etc/a" },
      { kind: "added", path: "/etc/c" },
      { kind: "deleted", path: "/gone" },
      { kind: "added", path: "/made" },
      { kind: "added", path: "/made/deep" },
      { kind: "modified", path: "/new" },
      { kind: "deleted", path: "/new/1" },
      { kind: "modified", path: "/new/2" },
      { kind: "modified", path: "/sub" },
      { kind: "modified", path: "/sub/deep" },
      { kind: "modified", path: "/sub/deep/x" },
    ]);
  });

  test("mounts a stack of 127 layers, writable too", async () => {
    const snapshots = await open();
    let top: ChainId | undefined;
    for (let index = 0; index < 127; index++) top = await applyEntries(snapshots, [file(`file-${index}`, String(index)), file("last", String(index))], top);
    const key = await changed(snapshots, top, (root) => {
      expect(readdirSync(root)).toHaveLength(128);
      expect(readFileSync(join(root, "last"), "utf8")).toBe("126");
      rmSync(join(root, "file-3"));
    });
    expect(await snapshots.changes(key)).toEqual([{ kind: "deleted", path: "/file-3" }]);
    await mounted(snapshots, key, (root) => expect(existsSync(join(root, "file-3"))).toBe(false), { readOnly: true });
    await mounted(snapshots, asKey(top!), (root) => expect(readdirSync(root)).toHaveLength(128));
  }, 120_000);

  test("keeps what was written when it is mounted again, and another mount of it away meanwhile", async () => {
    const snapshots = await open();
    const key = await changed(snapshots, undefined, (root) => {
      writeFileSync(join(root, "a"), "1");
      renameSync(join(root, "a"), join(root, "b"));
      symlinkSync("b", join(root, "c"));
    });
    await mounted(snapshots, key, async (root) => {
      expect(readFileSync(join(root, "c"), "utf8")).toBe("1");
      await expect(snapshots.mount(key, `${root}-2`)).rejects.toMatchObject({ code: "snapshot.mounted", category: "conflict" });
      await expect(snapshots.remove(key)).rejects.toMatchObject({ code: "snapshot.mounted" });
    });
  });

  test("keeps a parent as long as it has children, and forgets what is removed", async () => {
    const snapshots = await open();
    const base = await applyEntries(snapshots, [file("a")]);
    const key = snapshotKey("container");
    expect(await snapshots.prepare(key, base)).toEqual({ key, kind: "active", parent: base });
    await expect(snapshots.prepare(key, base)).rejects.toMatchObject({ code: "snapshot.exists", category: "conflict" });
    await expect(snapshots.remove(asKey(base))).rejects.toMatchObject({ code: "snapshot.in-use", category: "conflict" });
    expect(await snapshots.usage(key)).toBeGreaterThan(0);
    await snapshots.remove(key);
    await snapshots.remove(asKey(base));
    await snapshots.remove(asKey(base));
    expect(await snapshots.list()).toEqual([]);
    await expect(snapshots.prepare(key, base)).rejects.toMatchObject({ code: "snapshot.not-found", category: "not-found" });
    await expect(snapshots.mount(key, "/nonexistent")).rejects.toMatchObject({ code: "snapshot.not-found" });
  });

  test("takes no key that could be a path", async () => {
    const snapshots = await open();
    for (const key of ["../x", "a/b", ".", "", ".staging", "a\nb"])
      await expect(snapshots.prepare(snapshotKey(key))).rejects.toMatchObject({ code: "snapshot.invalid-key" });
  });

  test("stops applying with the signal's reason, and keeps nothing", async () => {
    const snapshots = await open();
    const tar = await tarOf([file("a", "x".repeat(100_000))]);
    const abort = new AbortController();
    const reason = new Error("enough");
    async function* slow() {
      yield tar.subarray(0, 50_000);
      abort.abort(reason);
      yield tar.subarray(50_000);
    }
    await expect(snapshots.apply({ tar: slow(), diffId: asDiffId(digestOf(tar)) }, { signal: abort.signal })).rejects.toBe(reason);
    expect(await snapshots.list()).toEqual([]);
  });
}
