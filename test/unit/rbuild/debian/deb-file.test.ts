import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type DebFile, readDebControl, readDebData, withDeb } from "../../../../src/rbuild/debian/deb-file.ts";
import { isRbuildError, textOf } from "../../../../src/system/index.ts";
import { arOf, DEBIAN_BINARY, debOf } from "../../../support/deb-bytes.ts";
import { entry, file, once, tarOf } from "../../../support/tar-entries.ts";

const CONTROL = await tarOf([entry("./", "directory"), file("./control", "Package: tiny\n"), file("./postinst", "#!/bin/sh\n", { mode: 0o755 })]);
const DATA = await tarOf([entry("./", "directory"), file("./etc/a", "one"), file("./etc/b", "two")]);

async function read(bytes: Uint8Array | AsyncIterable<Uint8Array>, options: Parameters<typeof withDeb>[2] = {}) {
  const use = async ({ control, data }: DebFile) => {
    const files: Record<string, string> = {};
    for await (const { path, kind, body } of data) {
      if (kind === "file") files[textOf(path)] = Buffer.concat(await Array.fromAsync(body)).toString();
    }
    return { control: Object.fromEntries([...control].map(([name, { content }]) => [name, content.toString()])), files };
  };
  return withDeb(bytes instanceof Uint8Array ? once(bytes) : bytes, use, options);
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

test("reads members that are not compressed, whatever pieces they come in", async () => {
  const deb = arOf([DEBIAN_BINARY, ["_extra", Buffer.from("odd")], ["control.tar", CONTROL], ["data.tar", DATA], ["_gpgorigin", Buffer.from("x")]]);
  const expected = { control: { control: "Package: tiny\n", postinst: "#!/bin/sh\n" }, files: { "./etc/a": "one", "./etc/b": "two" } };
  for (const size of [1, 7, 59, 60, 61, 512, 1e6]) expect(await read(inPieces(deb, size))).toEqual(expected);
});

test("keeps the mode of control files", async () => {
  const control = await readDebControl(once(arOf([DEBIAN_BINARY, ["control.tar.gz", gzipSync(CONTROL)], ["data.tar", DATA]])));
  expect(control.get("postinst")).toMatchObject({ mode: 0o755 });
  expect(control.get("control")).toMatchObject({ mode: 0o644 });
});

test("reads the source to its end, whatever is left unread", async () => {
  const deb = await debOf([file("./a", "x".repeat(100_000))]);
  const state = { read: 0 };
  async function* counted() {
    for await (const piece of inPieces(deb, 100)) {
      state.read += piece.byteLength;
      yield piece;
    }
  }
  await readDebControl(counted());
  expect(state.read).toBe(deb.byteLength);
  state.read = 0;
  for await (const entry of readDebData(counted())) expect(textOf(entry.path)).toBe("./a");
  expect(state.read).toBe(deb.byteLength);
});

test("passes on what the source throws", async () => {
  const deb = await debOf([file("./a", "x".repeat(1000))]);
  async function* broken() {
    yield deb.subarray(0, deb.byteLength - 200);
    throw new Error("the disk is gone");
  }
  await expect(read(broken())).rejects.toThrow("the disk is gone");
});

test("every cut is truncated or malformed", async () => {
  const deb = await debOf([file("./a", "some text")]);
  for (let size = 0; size < deb.byteLength - 1; size++) {
    await expect(read(deb.subarray(0, size)), `at ${size}`).rejects.toMatchObject({ code: expect.stringMatching(/^package\.(truncated|malformed)$/) });
  }
});

test.each([
  ["no ar archive", Buffer.from("PK\u0003\u0004 and so on")],
  ["members in another order", arOf([DEBIAN_BINARY, ["data.tar", DATA], ["control.tar", CONTROL]])],
  ["another format", arOf([["debian-binary", Buffer.from("3.0\n")]])],
  ["an unknown compression", arOf([DEBIAN_BINARY, ["control.tar.rar", CONTROL]])],
  ["a name with a slash", arOf([DEBIAN_BINARY, ["../x", CONTROL]])],
  ["no control file", arOf([DEBIAN_BINARY, ["control.tar", await tarOf([file("./md5sums")])], ["data.tar", DATA]])],
  ["a control file elsewhere", arOf([DEBIAN_BINARY, ["control.tar", await tarOf([file("./control"), file("../../etc/passwd")])], ["data.tar", DATA]])],
  ["a symlink in its control", arOf([DEBIAN_BINARY, ["control.tar", await tarOf([file("./control"), entry("./preinst", "symlink")])], ["data.tar", DATA]])],
  ["gzip that is none", arOf([DEBIAN_BINARY, ["control.tar.gz", CONTROL], ["data.tar", DATA]])],
  ["xz that is none", arOf([DEBIAN_BINARY, ["control.tar.xz", CONTROL], ["data.tar", DATA]])],
  ["a path that climbs", arOf([DEBIAN_BINARY, ["control.tar", CONTROL], ["data.tar", await tarOf([file("./../../etc/passwd")])]])],
  ["an absolute path", arOf([DEBIAN_BINARY, ["control.tar", CONTROL], ["data.tar", await tarOf([file("/etc/passwd")])]])],
])("refuses a package with %s", async (_what, bytes) => {
  await expect(read(bytes)).rejects.toMatchObject({ code: "package.malformed", category: "invalid" });
});

test("takes no more than its limits", async () => {
  const deb = await debOf([file("./big", "\0".repeat(3_000_000))]);
  await expect(read(deb, { limits: { data: 1_000_000 } })).rejects.toMatchObject({ code: "package.limit-exceeded" });
  await expect(read(deb, { limits: { control: 100 } })).rejects.toMatchObject({ code: "package.limit-exceeded" });
});

test("a damaged package gives its files or a coded error, never another", async () => {
  const deb = await debOf([file("./a", "some text"), entry("./b", "symlink"), entry("./c", "directory")]);
  const flips = fc.array(fc.tuple(fc.nat(deb.byteLength - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(flips, async (changes) => {
      const damaged = Buffer.from(deb);
      for (const [at, by] of changes) damaged[at] = (damaged[at] ?? 0) ^ by;
      await read(damaged).catch((error: unknown) => {
        if (!isRbuildError(error) || !error.code.startsWith("package.")) throw error;
      });
    }),
    { numRuns: 500 },
  );
});
