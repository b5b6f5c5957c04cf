import { execFile, execFileSync } from "node:child_process";
import { lstat, mkdir, mkdtemp, open, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { type ByteString, byteString, expandSparse, fileSize, readTar, setXattr, tarHeader, textOf, writeTar } from "../../../src/system/index.ts";

const exec = promisify(execFile);

async function scratch(): Promise<string> {
  const path = await mkdtemp("/var/tmp/rbuild-test-tar-");
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function tree(root: string): Promise<void> {
  await mkdir(join(root, "d".repeat(120), "e".repeat(200)), { recursive: true });
  await writeFile(join(root, "d".repeat(120), "e".repeat(200), "deep"), "deep content");
  await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff, 0xfe, 0x0a])]), "not utf-8");
  await writeFile(join(root, "plain"), "x".repeat(1000));
  await symlink("t".repeat(180), join(root, "long-link"));
  const holes = await open(join(root, "holes"), "w");
  for (let index = 0; index < 30; index++) await holes.write(Buffer.from(`data ${index}`), 0, undefined, index * 1_000_000);
  await holes.truncate(40_000_000);
  await holes.close();
  execFileSync("mkfifo", [join(root, "fifo")]);
  execFileSync("mknod", [join(root, "device"), "c", "200", "70000"]);
  execFileSync("ln", [join(root, "plain"), join(root, "plain-again")]);
  setXattr(join(root, "plain"), "user.binary", Buffer.from([0, 10, 61, 255]));
  await utimes(join(root, "plain"), 1_600_000_000.25, 1_600_000_000.25);
}

async function* stdout(command: string, args: string[]): AsyncGenerator<Uint8Array> {
  const { stdout } = await exec(command, args, { encoding: "buffer", maxBuffer: 1 << 28 });
  yield stdout;
}

const FORMATS = {
  ustar: ["--format=ustar", "--exclude=dddd*", "--exclude=long-link"],
  gnu: ["--format=gnu"],
  "gnu, sparse": ["--format=gnu", "--sparse"],
  "oldgnu, sparse": ["--format=oldgnu", "--sparse"],
  posix: ["--format=posix", "--xattrs", "--xattrs-include=*"],
  "posix, sparse 0.0": ["--format=posix", "--sparse-version=0.0"],
  "posix, sparse 0.1": ["--format=posix", "--sparse-version=0.1"],
  "posix, sparse 1.0": ["--format=posix", "--sparse-version=1.0", "--xattrs", "--xattrs-include=*"],
};

test.each(Object.entries(FORMATS))("reads what GNU tar writes: %s", async (format, flags) => {
  const root = await scratch();
  await tree(root);
  const entries = new Map<
    string,
    { kind: string; size: number; mode: number; content: Buffer; link: string; device: unknown; xattr: unknown; mtime: unknown; holes: boolean }
  >();
  for await (const entry of readTar(stdout("tar", ["-C", root, "-c", "--sort=name", "--numeric-owner", ...flags, "."]))) {
    entries.set(entry.path, {
      kind: entry.kind,
      size: fileSize(entry),
      mode: entry.mode,
      holes: entry.sparse !== undefined,
      link: textOf(entry.linkPath),
      device: entry.device,
      mtime: entry.mtime,
      xattr: entry.pax.get("SCHILY.xattr.user.binary" as ByteString),
      content: Buffer.concat(await Array.fromAsync(expandSparse(entry))),
    });
  }
  expect(entries.get("./plain")).toMatchObject({ kind: "file", size: 1000, content: Buffer.alloc(1000, "x") });
  expect(entries.get("./plain-again")).toMatchObject({ kind: "hardlink", link: "./plain" });
  expect(entries.get("./f\xff\xfe\n")?.content.toString()).toBe("not utf-8");
  expect(entries.get("./fifo")).toMatchObject({ kind: "fifo" });
  expect(entries.get("./device")).toMatchObject({ kind: "character-device", device: { major: 200, minor: 70000 } });
  const holes = entries.get("./holes");
  expect(holes?.size).toBe(40_000_000);
  expect(holes?.holes).toBe(format.includes("sparse"));
  expect(holes?.content.equals(execFileSync("cat", [join(root, "holes")], { maxBuffer: 1 << 28 }))).toBe(true);
  if (format !== "ustar") {
    expect(entries.get(`./${"d".repeat(120)}/${"e".repeat(200)}/deep`)?.content.toString()).toBe("deep content");
    expect(entries.get("./long-link")).toMatchObject({ kind: "symlink", link: "t".repeat(180) });
  }
  if (flags.includes("--xattrs")) {
    expect(entries.get("./plain")).toMatchObject({ xattr: "\0\n=\xff", mtime: { seconds: 1_600_000_000, nanoseconds: 250_000_000 } });
  }
});

test("GNU tar extracts what this writes, to the same tree", async () => {
  const [from, to] = [await scratch(), await scratch()];
  await tree(from);
  const create = (root: string) => [
    "-C",
    root,
    "-c",
    "--format=posix",
    "--pax-option=delete=atime,delete=ctime",
    "--sparse",
    "--xattrs",
    "--xattrs-include=*",
    "--sort=name",
    "--numeric-owner",
    ".",
  ];
  const archive = Buffer.concat(await Array.fromAsync(writeTar(readTar(stdout("tar", create(from))))));
  await writeFile(join(to, "archive.tar"), archive);
  await exec("tar", ["-C", to, "-x", "-p", "--xattrs", "--xattrs-include=*", "--numeric-owner", "--delay-directory-restore", "-f", join(to, "archive.tar")]);
  await rm(join(to, "archive.tar"));
  execFileSync("touch", ["-r", from, to]);
  const again = Buffer.concat(await Array.fromAsync(writeTar(readTar(stdout("tar", create(to))))));
  expect(again.equals(archive)).toBe(true);
});

test("writes numbers and owners that the classic header has no room for", async () => {
  const header = tarHeader({
    path: byteString("big"),
    kind: "directory",
    uid: 4_000_000_000,
    gid: 3_000_000_000,
    mtime: { seconds: -5, nanoseconds: 500_000_000 },
  });
  const root = await scratch();
  await writeFile(join(root, "a.tar"), Buffer.concat(await Array.fromAsync(writeTar([header]))));
  await exec("tar", ["-C", root, "-xf", join(root, "a.tar"), "--numeric-owner"]);
  const { uid, gid, mtimeNs } = await lstat(join(root, "big"), { bigint: true });
  expect({ uid, gid, mtimeNs }).toEqual({ uid: 4_000_000_000n, gid: 3_000_000_000n, mtimeNs: -4_500_000_000n });
});
