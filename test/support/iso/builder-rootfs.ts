import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { lock, pathExists, run } from "../../../src/system/index.ts";
import { extractBusyboxRootfs } from "../busybox-image.ts";

const CACHE = "/var/tmp/rbuild-test-cache";
const RECIPE = 4;

/** Understands what the real image's program does; serves its cache volume, which it marks at each start, or a locked archive. */
const FAKE_PROXY = `#!/bin/sh
set -eu
[ ! -d /srv/archive ] || { cd /srv/archive; exec httpd -f -p 3142 -h .; }
cd /var/cache/apt-cacher-ng
case $1 in
serve)
  shift
  echo "served $*" >>log
  trap 'exit 0' TERM
  httpd -f -p 3142 -h . &
  wait
  ;;
shrink) echo "shrunk $2" >>log ;;
esac
`;

/** The busybox root file system with GNU make and bash in it, as a tar: the smallest builder there is, and with `rbuild-proxy` a stand-in for the package proxy. Made once per machine. */
export async function builderRootfsTar(): Promise<string> {
  const tar = join(CACHE, `make-rootfs-${RECIPE}.tar`);
  await using _held = await lock(join(CACHE, "make-rootfs.lock"));
  if (await pathExists(tar)) return tar;
  const work = await mkdtemp(join(CACHE, "make-rootfs-"));
  try {
    await extractBusyboxRootfs(join(work, "root"));
    for (const program of ["make", "bash"]) {
      const path = (await run("sh", ["-c", `command -v ${program}`])).stdout.trim();
      await copyInto(join(work, "root"), path, `/bin/${program}`);
      const libraries = (await run("ldd", [path])).stdout.matchAll(/(\/\S+) \(0x/g);
      for (const [, library = ""] of libraries) await copyInto(join(work, "root"), library, library);
    }
    await mkdir(join(work, "root/usr/local/bin"), { recursive: true });
    await writeFile(join(work, "root/usr/local/bin/rbuild-proxy"), FAKE_PROXY, { mode: 0o755 });
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
