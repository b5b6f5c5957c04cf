import { readFile } from "node:fs/promises";
import type { Capability } from "../config/capabilities.ts";

/** Bit numbers of linux/capability.h. */
const BITS: Readonly<Record<Capability, number>> = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  LINUX_IMMUTABLE: 9,
  NET_BIND_SERVICE: 10,
  NET_RAW: 13,
  SYS_CHROOT: 18,
  SYS_ADMIN: 21,
  SYS_NICE: 23,
  MKNOD: 27,
  AUDIT_WRITE: 29,
  SETFCAP: 31,
};

/** What `wanted` loses on a host whose bounding set (hex, as in /proc/self/status) lacks some: asking for more than the host has fails the start. */
export function cutToBoundingSet(wanted: readonly Capability[], boundingSet: string): { readonly granted: Capability[]; readonly missing: Capability[] } {
  const set = BigInt(`0x${boundingSet}`);
  const has = (capability: Capability) => ((set >> BigInt(BITS[capability])) & 1n) === 1n;
  return { granted: wanted.filter(has), missing: wanted.filter((capability) => !has(capability)) };
}

/** This process's bounding set, in hex. */
export async function readBoundingSet(): Promise<string> {
  return /^CapBnd:\s*([0-9a-f]+)$/m.exec(await readFile("/proc/self/status", "utf8"))?.[1] ?? "0";
}
