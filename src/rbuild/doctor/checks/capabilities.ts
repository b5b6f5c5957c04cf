import { readFile } from "node:fs/promises";
import type { HostCheck } from "../check.ts";

/** capabilities(7) by the numbers of linux/capability.h, with what cannot be done without each. */
const NEEDED: readonly (readonly [bit: number, name: string, without: string])[] = [
  [0, "CHOWN", "files of images keep no owners"],
  [1, "DAC_OVERRIDE", "files of other owners cannot be read"],
  [3, "FOWNER", "modes of others' files cannot be set"],
  [4, "FSETID", "set-group-id bits are lost"],
  [5, "KILL", "containers cannot be stopped"],
  [6, "SETGID", "containers cannot change their group"],
  [7, "SETUID", "containers cannot change their user"],
  [8, "SETPCAP", "capabilities cannot be dropped"],
  [12, "NET_ADMIN", "no container networks"],
  [18, "SYS_CHROOT", "no bootstrap of a system"],
  [21, "SYS_ADMIN", "no mounts and namespaces"],
  [27, "MKNOD", "no devices, and no deletions in layers"],
  [31, "SETFCAP", "file capabilities are lost"],
];

/** Nothing breaks without these: containers just do not get them. */
const USEFUL: readonly (readonly [bit: number, name: string])[] = [
  [13, "NET_RAW"],
  [10, "NET_BIND_SERVICE"],
  [24, "SYS_RESOURCE"],
  [29, "AUDIT_WRITE"],
];

export const checkCapabilities: HostCheck = async ({ isRoot }) => {
  const base = { id: "process.capabilities", needed: NEEDED.map(([, name]) => name).join(" "), why: "what root may do here, and containers at most" };
  if (!isRoot) return [{ ...base, status: "warn", found: "not root", fix: "sudo rbuild doctor" }];
  const mask = boundingSet(await readFile("/proc/self/status", "utf8"));
  const missing = NEEDED.filter(([bit]) => !has(mask, bit));
  if (missing.length > 0) {
    const list = missing.map(([, name, without]) => `${name} (${without})`).join(", ");
    return [{ ...base, status: "fail", found: `taken away from this process: ${list}`, fix: "run on the host itself, or in a container that keeps them" }];
  }
  const less = USEFUL.filter(([bit]) => !has(mask, bit)).map(([, name]) => name);
  const found = less.length === 0 ? "all of them" : `all of them; not ${less.join(", ")}, so containers are made without`;
  return [{ ...base, status: "ok", found }];
};

/** CapBnd of /proc/pid/status. */
export function boundingSet(status: string): bigint {
  return BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
}

function has(mask: bigint, bit: number): boolean {
  return ((mask >> BigInt(bit)) & 1n) === 1n;
}
