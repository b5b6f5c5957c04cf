import { createReadStream } from "node:fs";
import { expect, test } from "vitest";
import { makeLayer, readNormalisedTree } from "../../../../../src/rbuild/images/rootfs/make-layer.ts";
import type { Tree } from "../../../../../src/rbuild/images/rootfs/tree.ts";
import { byteString, readTar } from "../../../../../src/system/tar/index.ts";
import { type Listed, rootfs, show, temporaryDirectory } from "../support.ts";

const EPOCH = 1_700_000_000;

const firstLayer = async (list: readonly Listed[], parent: Tree = new Map()) =>
  makeLayer(readTar(rootfs(list)), parent, { directory: await temporaryDirectory(), sourceDateEpoch: EPOCH });

/** Members of the layer that leads from one root file system to another. */
async function layerBetween(before: readonly Listed[], after: readonly Listed[]) {
  const parent = await readNormalisedTree(readTar(rootfs(before)), { sourceDateEpoch: EPOCH });
  return show(createReadStream((await firstLayer(after, parent)).path));
}

const etc: Listed = ["etc", "directory"];
const usr: Listed = ["usr", "directory", { mtime: { seconds: 1000, nanoseconds: 0 } }];

test("order, age, fractions of seconds, names of owners and other attributes of the archive do not reach the layer", async () => {
  const capability = byteString("SCHILY.xattr.security.capability");
  const a: Listed[] = [
    usr,
    [
      "usr/a",
      "file",
      { content: "a", mtime: { seconds: EPOCH + 5, nanoseconds: 7 }, uname: byteString("root"), pax: new Map([[capability, byteString("x")]]) },
    ],
    ["usr/b", "symlink", { link: "a", mode: 0o700 }],
  ];
  const b: Listed[] = [
    usr,
    ["usr/b", "symlink", { link: "a", mode: 0o777 }],
    [
      "./usr/a",
      "file",
      {
        content: "a",
        mtime: { seconds: EPOCH + 99, nanoseconds: 0 },
        pax: new Map([
          [capability, byteString("x")],
          [byteString("SCHILY.xattr.user.note"), byteString("n")],
        ]),
      },
    ],
  ];
  const layers = [await firstLayer(a), await firstLayer(b)];
  expect(layers[1]?.digest).toBe(layers[0]?.digest);
  const members = await show(createReadStream(layers[0]!.path));
  expect(members.get("usr/a")).toMatchObject({ mtime: EPOCH, xattrs: ["SCHILY.xattr.security.capability"] });
});

test("members are sorted by their bytes, directories before what is in them", async () => {
  const { path } = await firstLayer([usr, ["usr/lib", "directory"], ["usr/lib-x", "file"], ["usr/lib/y", "file"], ["usr/é", "file"], ["usr/z", "file"]]);
  const names = [...(await show(createReadStream(path))).keys()].filter((name) => name.startsWith("usr"));
  expect(names).toEqual(["usr/", "usr/lib/", "usr/lib-x", "usr/lib/y", "usr/z", "usr/é"]);
});

test("the first name of a file in byte order has the content, whichever the archive gives it to", async () => {
  const { path } = await firstLayer([usr, ["usr/b", "file", { content: "x" }], ["usr/a", "hardlink", { link: "usr/b" }]]);
  const members = await show(createReadStream(path));
  expect(members.get("usr/a")).toMatchObject({ kind: "file", content: "x" });
  expect(members.get("usr/b")).toMatchObject({ kind: "hardlink", link: "usr/a" });
});

test("a layer has what was added and changed with the directories above, and whiteouts of what is gone", async () => {
  const before: Listed[] = [
    usr,
    ["usr/same", "file", { content: "1" }],
    ["usr/changed", "file", { content: "1" }],
    ["usr/gone", "directory"],
    ["usr/gone/file", "file"],
    ["usr/d", "directory"],
    ["usr/d/gone", "file"],
  ];
  const after: Listed[] = [usr, ["usr/same", "file", { content: "1" }], ["usr/changed", "file", { content: "2" }], ["usr/d", "directory"], ["usr/new", "file"]];
  const members = await layerBetween(before, after);
  expect([...members.keys()]).toEqual(["usr/", "usr/.wh.gone", "usr/changed", "usr/d/", "usr/d/.wh.gone", "usr/new"]);
  expect(members.get("usr/")).toMatchObject({ mtime: 1000 });
});

test("a directory that became a file, and a file that became a directory, need no whiteouts", async () => {
  const members = await layerBetween(
    [usr, ["usr/a", "directory"], ["usr/a/x", "file"], ["usr/b", "file"]],
    [usr, ["usr/a", "file"], ["usr/b", "directory"], ["usr/b/y", "file"]],
  );
  expect([...members.keys()]).toEqual(["usr/", "usr/a", "usr/b/", "usr/b/y"]);
});

test("all names of a hard-linked file go into the layer when one of them changes", async () => {
  const before: Listed[] = [usr, ["usr/a", "file", { content: "1" }], ["usr/b", "hardlink", { link: "usr/a" }]];
  const after: Listed[] = [usr, ["usr/a", "file", { content: "1" }], ["usr/b", "hardlink", { link: "usr/a" }], ["usr/c", "hardlink", { link: "usr/a" }]];
  expect([...(await layerBetween(before, before)).keys()]).toEqual([]);
  expect([...(await layerBetween(before, after)).keys()]).toEqual(["usr/", "usr/a", "usr/b", "usr/c"]);
});

test("holes are written as zeros", async () => {
  const sparse = { realSize: 8, extents: [{ offset: 4, size: 2 }] };
  const { path } = await firstLayer([usr, ["usr/s", "file", { content: "ab", sparse }]]);
  expect((await show(createReadStream(path))).get("usr/s")?.content).toBe("\0\0\0\0ab\0\0");
});

test("names that a layer takes for deletions are refused", async () => {
  await expect(firstLayer([usr, ["usr/.wh.x", "file"]])).rejects.toMatchObject({ code: "image.reserved-name" });
});

test.each<[string, readonly Listed[]]>([
  ["a path that climbs", [["../x", "file"]]],
  ["an absolute path", [["/x", "file"]]],
  [
    "a file below a file",
    [
      ["a", "file"],
      ["a/b", "file"],
    ],
  ],
  ["a file without its directory", [["a/b", "file"]]],
  ["a hard link to nothing", [["a", "hardlink", { link: "b" }]]],
])("an archive with %s is refused", async (_, list) => {
  await expect(firstLayer(list)).rejects.toMatchObject({ code: "image.rootfs-malformed" });
});

test("the layer of a known root file system has the digest that it always had", async () => {
  const list: Listed[] = [
    etc,
    ["etc/machine-id", "file", { content: "0123\n" }],
    ["etc/shadow", "file", { content: "root:*:20000:0:99999:7:::\n", mode: 0o640, gid: 42 }],
    usr,
    ["usr/long-".concat("x".repeat(120)), "file", { content: "long" }],
    ["usr/dev", "character-device", { device: { major: 1, minor: 3 } }],
    ["usr/fifo", "fifo"],
    ["usr/link", "symlink", { link: "dev" }],
  ];
  expect(await firstLayer(list)).toMatchObject({ digest: "sha256:03e5020dad6289316ed7dcbd4977716157d51e599c0c8ab0dc6352e6cd960e95", size: 10_752 });
});

test("a root file system is not read to its end when nobody wants it any more", async () => {
  const stop = new AbortController();
  let read = 0;
  const entries = async function* () {
    for await (const entry of readTar(rootfs(Array.from({ length: 100 }, (_each, index) => [`${index}`, "file"] as const)))) {
      if (++read === 3) stop.abort(new Error("enough"));
      yield entry;
    }
  };
  const options = { directory: await temporaryDirectory(), sourceDateEpoch: EPOCH, signal: stop.signal };
  await expect(makeLayer(entries(), new Map(), options)).rejects.toThrow("enough");
  await expect(readNormalisedTree(entries(), options)).rejects.toThrow("enough");
  expect(read).toBe(4);
});
