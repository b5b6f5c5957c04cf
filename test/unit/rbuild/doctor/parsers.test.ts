import { describe, expect, it } from "vitest";
import { CAPABILITY_NAMES, capabilitiesOfStatus } from "../../../../src/oci/index.ts";
import { parseCgroupMounts } from "../../../../src/rbuild/doctor/checks/cgroups.ts";
import { hardLimit } from "../../../../src/rbuild/doctor/checks/limits.ts";
import { availableMemory } from "../../../../src/rbuild/doctor/checks/space.ts";
import { subordinateIds } from "../../../../src/rbuild/doctor/checks/subordinate-ids.ts";
import { findVersion, isAtLeast } from "../../../../src/rbuild/doctor/versions.ts";

it.each([
  ["runc version 1.1.5+ds1\ncommit: 1.1.5", "1.1.5"],
  ["nftables v1.0.6 (Lester Gooch #5)", "1.0.6"],
  ["ip utility, iproute2-6.1.0, libbpf 1.1.0", "6.1.0"],
  ["QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", "7.2.22"],
  ["tar (GNU tar) 1.34", "1.34"],
  ["Docker version 28.2.2, build e6534b4", "28.2.2"],
  ["unshare from util-linux 2.38.1", "2.38.1"],
  ["no digits here, nor 7", undefined],
])("finds the version in %j", (text, version) => expect(findVersion(text)).toBe(version));

it("compares versions part by part", () => {
  expect(isAtLeast("1.10", "1.9")).toBe(true);
  expect(isAtLeast("1.9.9", "1.10")).toBe(false);
  expect(isAtLeast("2", "2.0.0")).toBe(true);
  expect(isAtLeast("2.0.24", "2.0.25")).toBe(false);
});

describe("control groups", () => {
  const v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0";
  const v1 = [
    "cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu,cpuacct 0 0",
    "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0",
    "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0",
  ];
  it.each([
    ["v2", [v2], []],
    ["v1", v1, ["cpu", "cpuacct", "memory"]],
    ["hybrid", [...v1, v2], ["cpu", "cpuacct", "memory"]],
    ["none", ["proc /proc proc rw 0 0"], []],
  ] as const)("are %s", (hierarchy, lines, controllers) => {
    expect(parseCgroupMounts(lines.join("\n"))).toMatchObject({ hierarchy, controllers });
  });
});

it("reads what the kernel says about this process", () => {
  expect(capabilitiesOfStatus("Name:\tx\nCapBnd:\t000001fffeffffff\n", "CapBnd")).toEqual(CAPABILITY_NAMES.filter((name) => name !== "SYS_RESOURCE"));
  expect(capabilitiesOfStatus("Name:\tx\n", "CapBnd")).toEqual([]);
  const limits =
    "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 20000                files     \nMax processes             unlimited            unlimited            processes \n";
  expect(hardLimit(limits, "Max open files")).toBe(20000);
  expect(hardLimit(limits, "Max processes")).toBe(Number.POSITIVE_INFINITY);
  expect(availableMemory("MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n")).toBe(8_192_000_000);
});

it("adds up a user's subordinate ids", () => {
  expect(subordinateIds("anna:100000:65536\nbob:165536:65536\n1000:300000:10\n", "anna", 1000)).toBe(65546);
  expect(subordinateIds("", "anna", 1000)).toBe(0);
});
