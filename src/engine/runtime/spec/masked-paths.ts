/** Docker's defaults: what of the host's kernel a container does not see. */
export const DEFAULT_MASKED_PATHS: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

/** What a container sees and cannot write. */
export const DEFAULT_READONLY_PATHS: readonly string[] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

export interface PathMasks {
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export function resolveMasks(request: {
  readonly privileged?: boolean;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
}): PathMasks {
  return {
    maskedPaths: request.maskedPaths ?? (request.privileged ? [] : DEFAULT_MASKED_PATHS),
    readonlyPaths: request.readonlyPaths ?? (request.privileged ? [] : DEFAULT_READONLY_PATHS),
  };
}
