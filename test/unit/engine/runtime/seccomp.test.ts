import { describe, expect, test } from "vitest";
import type { SpecSeccomp } from "../../../../src/engine/runtime/spec/runtime-spec.ts";
import { ALLOWED_ON_ARM, ALLOWED_SYSCALLS, ALLOWED_WITH } from "../../../../src/engine/runtime/spec/seccomp/default-syscalls.ts";
import type { ProfileFacts } from "../../../../src/engine/runtime/spec/seccomp/docker-profile.ts";
import { resolveSeccomp } from "../../../../src/engine/runtime/spec/seccomp/seccomp.ts";
import { DOCKER_CAPABILITIES } from "../../../../src/oci/index.ts";

const facts: ProfileFacts = { capabilities: DOCKER_CAPABILITIES, architecture: "amd64", kernel: [6, 1] };
const resolved = (extra: Partial<ProfileFacts> = {}): SpecSeccomp => resolveSeccomp("default", { ...facts, ...extra }) as SpecSeccomp;
const rulesFor = (profile: SpecSeccomp, name: string) => profile.syscalls.filter(({ names }) => names.includes(name));
const isAllowed = (profile: SpecSeccomp, name: string) => rulesFor(profile, name).some(({ action, args }) => action === "SCMP_ACT_ALLOW" && !args);

describe("the default profile", () => {
  test("lets programs work and keeps the kernel's dangerous parts shut", () => {
    const profile = resolved();
    for (const name of ["read", "openat", "execve", "mknod", "chroot", "ptrace", "statx", "clock_gettime", "futex_waitv", "setxattr"])
      expect(isAllowed(profile, name), name).toBe(true);
    for (const name of [
      "mount",
      "unshare",
      "setns",
      "init_module",
      "kexec_load",
      "bpf",
      "keyctl",
      "add_key",
      "reboot",
      "swapon",
      "userfaultfd",
      "io_uring_setup",
      "perf_event_open",
      "settimeofday",
      "open_by_handle_at",
      "pivot_root",
    ]) {
      expect(rulesFor(profile, name), name).toEqual([]);
    }
    expect(profile).toMatchObject({
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 1,
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    });
  });

  test("opens with capabilities what they are for", () => {
    const profile = resolved({ capabilities: ["SYS_ADMIN"] });
    for (const name of ["mount", "unshare", "setns", "clone", "clone3"]) expect(isAllowed(profile, name), name).toBe(true);
    expect(isAllowed(profile, "chroot")).toBe(false);
    expect(isAllowed(resolved({ capabilities: ["SYS_MODULE"] }), "init_module")).toBe(true);
  });

  test("lets threads and processes be made, but no namespaces", () => {
    const profile = resolved();
    expect(rulesFor(profile, "clone")).toEqual([
      { names: ["clone"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }] },
    ]);
    expect(rulesFor(profile, "clone3")).toEqual([{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }]);
  });

  test("follows architecture and kernel", () => {
    expect(resolved({ architecture: "arm64" }).architectures).toEqual(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
    expect(isAllowed(resolved({ architecture: "arm64" }), "sync_file_range2")).toBe(true);
    expect(isAllowed(resolved(), "sync_file_range2")).toBe(false);
    expect(isAllowed(resolved({ kernel: [4, 7] }), "ptrace")).toBe(false);
  });

  test("names no call twice in one list", () => {
    for (const names of [ALLOWED_SYSCALLS, ALLOWED_ON_ARM, ...ALLOWED_WITH.map((entry) => entry.names)]) expect(new Set(names).size).toBe(names.length);
    expect(ALLOWED_SYSCALLS.every((name) => /^[a-z0-9_]+$/.test(name))).toBe(true);
  });
});

test("a profile of the caller keeps what holds for the container", () => {
  const profile = {
    defaultAction: "SCMP_ACT_KILL",
    syscalls: [
      { name: "read", action: "SCMP_ACT_ALLOW", args: null },
      { names: ["a"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_CHOWN", "CAP_SETUID"] } },
      { names: ["b"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_CHOWN", "CAP_SYS_ADMIN"] } },
      { names: ["c"], action: "SCMP_ACT_ALLOW", excludes: { arches: ["amd64"] } },
      { names: ["d"], action: "SCMP_ACT_ALLOW", excludes: { minKernel: "6.2" } },
    ],
  };
  expect(resolveSeccomp({ profile }, facts)?.syscalls.flatMap(({ names }) => names)).toEqual(["read", "a", "d"]);
  expect(resolveSeccomp("unconfined", facts)).toBeUndefined();
  expect(() => resolveSeccomp({ profile: { syscalls: [] } }, facts)).toThrow(expect.objectContaining({ code: "container.bad-seccomp-profile" }));
});
