import { readFile } from "node:fs/promises";
import type { Check, HostCheck } from "../check.ts";

/** In a chroot whose root is a plain directory the kernel changes no mount propagation: no container starts, and a mount namespace is not enough. */
export const checkRootMount: HostCheck = async () => {
  const base = { id: "kernel.root-mount", needed: "a root directory that is a mount point", why: "a container begins by making the mounts below / its own" };
  if (await isRootMounted()) return [{ ...base, status: "ok", found: "it is one" }];
  const fix = "leave the chroot, mount --bind DIRECTORY DIRECTORY, and enter it again";
  return [{ ...base, status: "fail", found: "/ is a plain directory: this is a chroot", fix }];
};

async function isRootMounted(): Promise<boolean> {
  return hasRootMount(await readFile("/proc/self/mountinfo", "utf8"));
}

/** By proc(5) mountinfo, which in a chroot has the mounts below its root alone. */
function hasRootMount(mountinfo: string): boolean {
  return mountinfo.split("\n").some((line) => line.split(" ")[4] === "/");
}

/** What can only be tried where `/` is a mount point. */
export async function notTriedInChroot(base: Pick<Check, "id" | "needed" | "why">): Promise<Check | undefined> {
  return (await isRootMounted()) ? undefined : { ...base, status: "warn", found: "not tried: / is no mount point" };
}
