import { ALLOWED_ON_ARM, ALLOWED_SYSCALLS, ALLOWED_WITH } from "./default-syscalls.ts";
import type { DockerProfile } from "./docker-profile.ts";

const EPERM = 1;
const ENOSYS = 38;
const AF_VSOCK = 40;
/** CLONE_NEW* of all namespaces. */
const CLONE_NAMESPACES = 0x7e020000;
/** personality(2): PER_LINUX, PER_LINUX32, both with UNAME26, and the query. */
const PERSONALITIES = [0, 8, 0x20000, 0x20008, 0xffffffff];

/** The profile of containers that ask for none, with the meaning of Docker's: what is not named fails with EPERM. */
export const DEFAULT_PROFILE: DockerProfile = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: EPERM,
  archMap: [
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
  ],
  syscalls: [
    allow(ALLOWED_SYSCALLS),
    { ...allow(["process_vm_readv", "process_vm_writev", "ptrace"]), includes: { minKernel: "4.8" } },
    { ...allow(["process_vm_readv", "process_vm_writev", "ptrace"]), includes: { caps: ["CAP_SYS_PTRACE"] }, excludes: { minKernel: "4.8" } },
    { ...allow(["socket"]), args: [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_NE" }] },
    ...PERSONALITIES.map((value) => ({ ...allow(["personality"]), args: [{ index: 0, value, op: "SCMP_CMP_EQ" }] })),
    { ...allow(ALLOWED_ON_ARM), includes: { arches: ["arm64"] } },
    ...ALLOWED_WITH.map(({ capability, names }) => ({ ...allow([...names]), includes: { caps: [`CAP_${capability}`] } })),
    {
      ...allow(["clone"]),
      args: [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    },
    // its flags are behind a pointer: glibc falls back to clone
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS, excludes: { caps: ["CAP_SYS_ADMIN"] } },
  ],
};

function allow(names: string[]): NonNullable<DockerProfile["syscalls"]>[number] {
  return { names, action: "SCMP_ACT_ALLOW" };
}
