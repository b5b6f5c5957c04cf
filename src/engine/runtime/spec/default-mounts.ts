import type { SpecMount } from "./runtime-spec.ts";

const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;

/** The kernel's file systems of every container, in mounting order. `shmSize` in bytes. */
export function defaultMounts(options: { readonly privileged: boolean; readonly cgroups: boolean; readonly shmSize?: number }): SpecMount[] {
  const access = options.privileged ? "rw" : "ro";
  return [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"] },
    { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", access] },
    ...(options.cgroups ? [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: [access, "nosuid", "noexec", "nodev"] }] : []),
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: ["nosuid", "noexec", "nodev", "mode=1777", `size=${options.shmSize ?? DEFAULT_SHM_SIZE}`],
    },
  ];
}
