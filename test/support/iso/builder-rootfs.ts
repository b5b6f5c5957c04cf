import { cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { lock, pathExists, run } from "../../../src/system/index.ts";
import { extractBusyboxRootfs } from "../busybox-image.ts";

const CACHE = "/var/tmp/rbuild-test-cache";
const RECIPE = 1;

/** The busybox root file system with GNU make in it, as a tar: the smallest builder there is. Made once per machine. */
export async function builderRootfsTar(): Promise<string> {
  const tar = join(CACHE, `make-rootfs-${RECIPE}.tar`);
  await using _held = await lock(join(CACHE, "make-rootfs.lock"));
  if (await pathExists(tar)) return tar;
  const work = await mkdtemp(join(CACHE, "make-rootfs-"));
  try {
    await extractBusyboxRootfs(join(work, "root"));
    const make = (await run("sh", ["-c", "command -v make"])).stdout.trim();
    const libraries = (await run("ldd", [make])).stdout.matchAll(/(\/\S+) \(0x/g);
    await copyInto(join(work, "root"), make, "/usr/bin/make");
    for (const [, library = ""] of libraries) await copyInto(join(work, "root"), library, library);
    await run("tar", ["--create", `--file=${work}/tar`, `--directory=${work}/root`, "--sort=name", "--numeric-owner", "--mtime=@1700000000", "."]);
    await rename(join(work, "tar"), tar);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return tar;
}

async function copyInto(root: string, from: string, to: string): Promise<void> {
  await mkdir(dirname(join(root, to)), { recursive: true });
  await cp(from, join(root, to), { dereference: true });
}
