import { DOCKER_CAPABILITIES } from "../../../oci/index.ts";

/**
 * What a tree may ask for, without `CAP_`. All of Docker's default set, and of the rest only what builds of file systems
 * need: nothing that changes the host's kernel, clock, network or other processes.
 */
export const ALLOWED_CAPABILITIES = ([...DOCKER_CAPABILITIES, "DAC_READ_SEARCH", "LINUX_IMMUTABLE", "SYS_ADMIN", "SYS_NICE"] as const).toSorted();

export type Capability = (typeof ALLOWED_CAPABILITIES)[number];

/** The least that `lb build` finishes with, measured one by one; what a tree gets that names none. */
export const DEFAULT_CAPABILITIES: readonly Capability[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "MKNOD",
  "SETFCAP",
  "SETGID",
  "SETUID",
  "SYS_ADMIN",
  "SYS_CHROOT",
];

/** Mounting needs system calls that the default seccomp and AppArmor profiles refuse whatever the capabilities. */
export function needsUnconfined(capabilities: readonly Capability[]): boolean {
  return capabilities.includes("SYS_ADMIN");
}
