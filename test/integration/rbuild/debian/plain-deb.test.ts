import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writePlainDeb } from "../../../../src/rbuild/debian/plain-deb.ts";
import { arOf, DEBIAN_BINARY, debOf } from "../../../support/deb-bytes.ts";
import { scratchDirectory } from "../../../support/scratch.ts";
import { file, once, tarOf } from "../../../support/tar-entries.ts";

const MB = 2 ** 20;
/** Larger than what is decompressed without a program, whatever the compression. */
const CONTENT = Buffer.concat([randomBytes(MB), Buffer.alloc(MB + 1)]);
const archiveOf = (path: string, part: string) => execFileSync("dpkg-deb", [part, path], { maxBuffer: 16 * MB });

test.each(["xz", "gzip", "zstd", "none"])("the archives of a package packed with %s are the same bytes, and dpkg reads them", async (compression) => {
  const directory = await scratchDirectory();
  const root = join(directory, "root");
  await mkdir(join(root, "DEBIAN"), { recursive: true });
  await writeFile(join(root, "DEBIAN/control"), "Package: tiny\nVersion: 1.0\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: tiny\n");
  await writeFile(join(root, "data"), CONTENT);
  const path = join(directory, "tiny.deb");
  execFileSync("dpkg-deb", ["--root-owner-group", `-Z${compression}`, "--build", root, path]);
  const plain = await writePlainDeb(createReadStream(path), join(directory, "plain.deb"));
  for (const part of ["--ctrl-tarfile", "--fsys-tarfile"]) expect(archiveOf(plain.path, part).equals(archiveOf(path, part))).toBe(true);
  expect(execFileSync("stat", ["--format=%s", plain.path], { encoding: "utf8" })).toBe(`${plain.size}\n`);
  expect(plain.control.get("control")?.content.toString()).toContain("Package: tiny\n");
});

test.each(["xz", "gzip", "zstd", "bzip2"])("a bomb of %s is stopped", async (program) => {
  const directory = await scratchDirectory();
  const data = await tarOf([file("./a", randomBytes(MB / 2).toString("hex") + "x".repeat(64 * MB))]);
  const packed = execFileSync(program, ["--stdout"], { input: data, maxBuffer: 80 * MB });
  const ending = { xz: "xz", gzip: "gz", zstd: "zst", bzip2: "bz2" }[program];
  const deb = arOf([DEBIAN_BINARY, ["control.tar", await tarOf([file("./control", "Package: tiny\n")])], [`data.tar.${ending}`, packed]]);
  await expect(writePlainDeb(once(deb), join(directory, "plain.deb"), { limits: { data: MB } })).rejects.toMatchObject({ code: "package.limit-exceeded" });
});

test("a bomb is stopped in the middle of what it was read in", async () => {
  const directory = await scratchDirectory();
  const frame = execFileSync("zstd", ["--stdout"], { input: Buffer.alloc(64 * MB) });
  const packed = Buffer.concat(Array.from({ length: Math.ceil((200 * 1024) / frame.byteLength) }, () => frame)); // gigabytes
  const deb = arOf([DEBIAN_BINARY, ["control.tar", await tarOf([file("./control", "Package: tiny\n")])], ["data.tar.zst", packed]]);
  const path = join(directory, "plain.deb");
  await expect(writePlainDeb(once(deb), path, { limits: { data: MB } })).rejects.toMatchObject({ code: "package.limit-exceeded" });
  expect((await stat(path)).size).toBeLessThan(512 * MB);
});

test("what is cut or damaged is refused, and what the source throws is passed on", async () => {
  const directory = await scratchDirectory();
  let count = 0;
  const write = (source: AsyncIterable<Uint8Array>) => writePlainDeb(source, join(directory, `${count++}.deb`));
  const deb = await debOf([file("./a", randomBytes(500).toString("hex"))]);
  await expect(write(once(deb.subarray(0, -300)))).rejects.toMatchObject({ code: "package.truncated" });
  const damaged = Buffer.from(deb);
  damaged.fill(0x55, deb.byteLength - 300, deb.byteLength - 100);
  await expect(write(once(damaged))).rejects.toMatchObject({ code: "package.malformed" });
  async function* broken() {
    yield deb.subarray(0, -300);
    throw new Error("the disk is gone");
  }
  await expect(write(broken())).rejects.toThrow("the disk is gone");
});
