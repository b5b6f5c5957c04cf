import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Image, ImageStore } from "../../src/engine/index.ts";
import { parseReference } from "../../src/oci/index.ts";
import { lock, pathExists, run } from "../../src/system/index.ts";

const CACHE = "/var/tmp/rbuild-test-cache";
/** Raise it when what is below changes the tree. */
const RECIPE = 1;

/** Users and groups of the image beside root. */
export const BUSYBOX_USER = { name: "builder", uid: 1000, gid: 1000, group: "builder", extraGroups: [{ name: "staff", gid: 50 }] } as const;

/**
 * A root file system of Debian's `busybox-static` with all applets, a few users and nothing else, as an uncompressed tar.
 * Needs apt and root alone; made once per machine, equal bytes each time for one version of the package.
 */
export async function busyboxRootfsTar(): Promise<string> {
  const tar = join(CACHE, `busybox-rootfs-${RECIPE}.tar`);
  if (await pathExists(tar)) return tar;
  await using _held = await lock(join(CACHE, "busybox.lock"));
  if (await pathExists(tar)) return tar;
  const work = await mkdtemp(join(CACHE, "busybox-"));
  try {
    await downloadPackage(work, "busybox-static");
    const deb = (await readdir(work)).find((name) => name.endsWith(".deb"));
    if (!deb) throw new Error("apt-get download left no .deb");
    await run("dpkg-deb", ["-x", join(work, deb), join(work, "package")]);
    await populate(join(work, "root"), join(work, "package/bin/busybox"));
    await run("tar", [
      "--create",
      `--file=${work}/root.tar`,
      `--directory=${work}/root`,
      "--format=posix",
      "--sort=name",
      "--numeric-owner",
      "--mtime=@1700000000",
      "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
      ".",
    ]);
    await rename(join(work, "root.tar"), tar);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return tar;
}

/** The same unpacked into `directory`, which must be empty. */
export async function extractBusyboxRootfs(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await run("tar", ["--extract", `--file=${await busyboxRootfsTar()}`, `--directory=${directory}`, "--numeric-owner", "--same-owner", "-p"]);
}

/** The busybox image in a store, under `reference`; default command `sh`. */
export async function loadBusyboxImage(images: ImageStore, reference = "busybox:test"): Promise<Image> {
  return await images.importRootfs(createReadStream(await busyboxRootfsTar()), {
    reference: parseReference(reference),
    created: "2023-11-14T22:13:20Z",
    config: { Cmd: ["sh"], Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] },
  });
}

/** The package from the host's own APT sources, whose signatures apt checks. */
async function downloadPackage(directory: string, name: string): Promise<void> {
  const download = () => run("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", name], { cwd: directory });
  try {
    await download();
  } catch {
    await run("apt-get", ["-q", "update"]);
    await download();
  }
}

async function populate(root: string, busybox: string): Promise<void> {
  for (const path of ["bin", "dev", "etc", "home/builder", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/sbin", "sbin", "var/lib", "var/tmp"]) {
    await mkdir(join(root, path), { recursive: true });
  }
  await run("chmod", ["-R", "755", root]);
  await chmod(join(root, "tmp"), 0o1777);
  await chmod(join(root, "var/tmp"), 0o1777);
  await chmod(join(root, "root"), 0o700);
  await run("install", ["-m", "755", busybox, join(root, "bin/busybox")]);
  const applets = (await run(busybox, ["--list"])).stdout.trim().split("\n");
  for (const applet of applets) if (applet !== "busybox") await symlink("busybox", join(root, "bin", applet));
  await symlink("../run", join(root, "var/run"));
  const { name, uid, gid, group, extraGroups } = BUSYBOX_USER;
  const files: Record<string, string> = {
    "etc/passwd": `root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n${name}:x:${uid}:${gid}::/home/builder:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n`,
    "etc/group": `root:x:0:\ndaemon:x:1:\n${group}:x:${gid}:\n${extraGroups.map((g) => `${g.name}:x:${g.gid}:${name}\n`).join("")}nogroup:x:65534:\n`,
    "etc/os-release": 'ID=busybox\nPRETTY_NAME="busybox for tests"\n',
  };
  for (const [path, text] of Object.entries(files)) {
    await writeFile(join(root, path), text);
    await chmod(join(root, path), 0o644);
  }
  await run("chown", ["-R", `${uid}:${gid}`, join(root, "home/builder")]);
}
