import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

export interface MountedDirectory extends AsyncDisposable {
  readonly directory: string;
}

const MAKE: Readonly<Record<"ext4" | "xfs" | "btrfs", readonly string[]>> = {
  ext4: ["mkfs.ext4", "-q", "-F"],
  xfs: ["mkfs.xfs", "-q", "-f"],
  btrfs: ["mkfs.btrfs", "-q", "-f"],
};

/**
 * An empty directory on a file system of its own, unmounted and removed afterwards.
 * @param bytes size of the sparse image, or limit of the tmpfs
 */
export async function mountFilesystem(kind: "ext4" | "xfs" | "btrfs" | "tmpfs", bytes: number): Promise<MountedDirectory> {
  await using stack = new AsyncDisposableStack();
  const { top, directory } = await makeTop(stack);
  if (kind === "tmpfs") await execa("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=755`, "tmpfs", directory]);
  else {
    const image = join(top, "image");
    await using file = await open(image, "w");
    await file.truncate(bytes);
    const [command = "", ...args] = MAKE[kind];
    await execa(command, [...args, image]);
    await execa("mount", ["-o", "loop", image, directory]);
  }
  stack.defer(() => unmount(directory));
  const kept = stack.move();
  return { directory, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** `source` seen through an overlay, or through disorderfs, which turns the order of directory entries around. Read it; do not change it. */
export async function mountView(kind: "overlay" | "disorderfs", source: string): Promise<MountedDirectory> {
  await using stack = new AsyncDisposableStack();
  const { top, directory } = await makeTop(stack);
  if (kind === "overlay") {
    const [upper, work] = [join(top, "upper"), join(top, "work")];
    await Promise.all([mkdir(upper), mkdir(work)]);
    await execa("mount", ["-t", "overlay", "-o", `lowerdir=${source},upperdir=${upper},workdir=${work}`, "overlay", directory]);
  } else await execa("disorderfs", ["--multi-user=yes", "--reverse-dirents=yes", "--sort-dirents=yes", source, directory]);
  stack.defer(() => unmount(directory));
  const kept = stack.move();
  return { directory, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function makeTop(stack: AsyncDisposableStack): Promise<{ readonly top: string; readonly directory: string }> {
  const top = await mkdtemp("/var/tmp/rbuild-fs-");
  stack.defer(() => rm(top, { recursive: true, force: true }));
  const directory = join(top, "mounted");
  await mkdir(directory);
  return { top, directory };
}

async function unmount(directory: string): Promise<void> {
  await execa("umount", ["--recursive", directory]).catch(() => execa("umount", ["--recursive", "--lazy", directory]));
}
