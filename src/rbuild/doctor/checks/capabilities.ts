import { readFile } from "node:fs/promises";
import { type CapabilityName, capabilitiesOfStatus } from "../../../oci/index.ts";
import type { HostCheck } from "../check.ts";

/** capabilities(7), with what cannot be done without each. */
const NEEDED: readonly (readonly [name: CapabilityName, without: string])[] = [
  ["CHOWN", "files of images keep no owners"],
  ["DAC_OVERRIDE", "files of other owners cannot be read"],
  ["FOWNER", "modes of others' files cannot be set"],
  ["FSETID", "set-group-id bits are lost"],
  ["KILL", "containers cannot be stopped"],
  ["SETGID", "containers cannot change their group"],
  ["SETUID", "containers cannot change their user"],
  ["SETPCAP", "capabilities cannot be dropped"],
  ["NET_ADMIN", "no container networks"],
  ["SYS_CHROOT", "no bootstrap of a system"],
  ["SYS_ADMIN", "no mounts and namespaces"],
  ["MKNOD", "no devices, and no deletions in layers"],
  ["SETFCAP", "file capabilities are lost"],
];

/** Nothing breaks without these: containers just do not get them. */
const USEFUL: readonly CapabilityName[] = ["NET_RAW", "NET_BIND_SERVICE", "SYS_RESOURCE", "AUDIT_WRITE"];

export const checkCapabilities: HostCheck = async ({ isRoot }) => {
  const base = { id: "process.capabilities", needed: NEEDED.map(([name]) => name).join(" "), why: "what root may do here, and containers at most" };
  if (!isRoot) return [{ ...base, status: "warn", found: "not root", fix: "sudo rbuild doctor" }];
  const names = new Set(capabilitiesOfStatus(await readFile("/proc/self/status", "utf8"), "CapBnd"));
  const missing = NEEDED.filter(([name]) => !names.has(name));
  if (missing.length > 0) {
    const list = missing.map(([name, without]) => `${name} (${without})`).join(", ");
    return [{ ...base, status: "fail", found: `taken away from this process: ${list}`, fix: "run on the host itself, or in a container that keeps them" }];
  }
  const less = USEFUL.filter((name) => !names.has(name));
  const found = less.length === 0 ? "all of them" : `all of them; not ${less.join(", ")}, so containers are made without`;
  return [{ ...base, status: "ok", found }];
};
