import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import { findProgram } from "./find-program.ts";
import type { CgroupSupport } from "./host/cgroups.ts";
import { readMountinfo } from "./host/mountinfo.ts";

/**
 * crun refuses hosts where v1 hierarchies stand beside a v2 one that has controllers of its own ("hybrid mode not supported"). It works when
 * it does not see the v2 mount.
 */
export function crunNeedsPrivateView({ hybridMount }: CgroupSupport): boolean {
  return hybridMount !== undefined && readFileSync(join(hybridMount, "cgroup.controllers"), "latin1").trim() !== "";
}

/** Numbers of unshare and mount. */
const SYSCALLS: Readonly<Record<string, readonly [number, number]>> = { x64: [272, 165], arm64: [97, 40] };

/**
 * A program that is crun in a mount namespace of its own, where an empty file system covers the v2 mount: it cannot be unmounted in a user
 * namespace. The namespace ends with crun, so that it keeps no container's mount busy. In perl, which every Debian has and which starts in
 * 2 ms, where a shell with unshare(1) and mount(8) takes 10.
 * Undefined where that cannot be had.
 */
export async function privateViewOf(crun: string, options: { readonly root: string; readonly cgroups: CgroupSupport }): Promise<string | undefined> {
  const [unshare, mount] = SYSCALLS[process.arch] ?? [];
  const [perl, unified] = [findProgram("perl"), options.cgroups.hybridMount];
  if (perl === undefined || unified === undefined || unshare === undefined) return undefined;
  const script = [
    `#!${perl}`,
    `my ($none, $type, $parent, $unified) = ("none", "tmpfs", ${quote(parentMount(unified))}, ${quote(unified)});`,
    `syscall(${unshare}, 0x20000) == 0 or die "unshare: $!\\n";`,
    `syscall(${mount}, $none, $parent, 0, 0x40000, 0) == 0 or die "mount: $!\\n";`,
    `syscall(${mount}, $none, $unified, $type, 0, 0) == 0 or die "mount: $!\\n";`,
    `exec { ${quote(crun)} } ${quote(crun)}, @ARGV or die "exec: $!\\n";`,
    "",
  ].join("\n");
  // not below /run, which is often mounted noexec
  const path = join(options.root, "tools", "crun-private-view");
  if ((await readFileIfExists(path, 64 * 1024))?.toString("utf8") === script) return path;
  await mkdir(join(options.root, "tools"), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, script, { sync: false, mode: 0o700 });
  return path;
}

/** A mount is passed on to the peers of the mount around it: that one alone is made private, so that bind mounts keep their propagation. */
function parentMount(path: string): string {
  const around = readMountinfo().filter(({ mountPoint }) => mountPoint !== path && `${path}/`.startsWith(mountPoint === "/" ? "/" : `${mountPoint}/`));
  return around.toSorted((a, b) => b.mountPoint.length - a.mountPoint.length)[0]?.mountPoint ?? "/";
}

const quote = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
