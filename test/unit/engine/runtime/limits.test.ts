import { expect, test } from "vitest";
import { parseLimits } from "../../../../src/engine/runtime/host/host-facts.ts";
import { resolveResources } from "../../../../src/engine/runtime/spec/resources.ts";
import { resolveRlimits } from "../../../../src/engine/runtime/spec/rlimits.ts";
import { type RuntimeSpec, serializeSpec } from "../../../../src/engine/runtime/spec/runtime-spec.ts";

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max processes             96000                96000                processes
Max open files            1024                 20000                files
`;
const host = parseLimits(LIMITS);

test("reads the kernel's table of limits", () => {
  expect(host.get("nofile")).toEqual({ soft: 1024, hard: 20_000 });
  expect(host.get("cpu")).toEqual({ soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY });
});

test("gives the same soft limit of files on every host, the hard one as far as it goes", () => {
  expect(resolveRlimits([], host)).toEqual({ rlimits: [{ type: "RLIMIT_NOFILE", soft: 1024, hard: 20_000 }], warnings: [] });
});

test("cuts what is asked for to the hard limit, with a warning", () => {
  const { rlimits, warnings } = resolveRlimits([{ name: "nofile", soft: -1, hard: -1 }], host);
  expect(rlimits).toEqual([{ type: "RLIMIT_NOFILE", soft: 20_000, hard: 20_000 }]);
  expect(warnings).toEqual(["the limit nofile is cut to 20000, the host's own hard limit"]);
});

test.each([
  { limit: { name: "files", soft: 1, hard: 1 }, code: "container.unknown-ulimit" },
  { limit: { name: "nofile", soft: 2, hard: 1 }, code: "container.bad-ulimit" },
  { limit: { name: "nofile", soft: -2, hard: 1 }, code: "container.bad-ulimit" },
  { limit: { name: "nofile", soft: Number.NaN, hard: 1 }, code: "container.bad-ulimit" },
])("refuses $limit", ({ limit, code }) => {
  expect(() => resolveRlimits([limit], host)).toThrow(expect.objectContaining({ code }));
});

test("writes no limit as the largest number of 64 bits", () => {
  const { rlimits } = resolveRlimits([{ name: "cpu", soft: 5, hard: -1 }], host);
  expect(serializeSpec({ process: { rlimits } } as unknown as RuntimeSpec)).toContain('{"type":"RLIMIT_CPU","soft":5,"hard":18446744073709551615}');
});

const cgroups = (...controllers: string[]) => ({ hierarchy: "v1" as const, controllers, swapLimit: controllers.includes("memory"), mountPoints: new Map() });

test("limits what the host has controllers for and warns of the rest", () => {
  const request = { memory: 1000, cpuQuota: 5, cpusetCpus: "0", pidsLimit: 9 };
  expect(resolveResources(request, cgroups("memory", "pids"), [])).toEqual({
    resources: { devices: [{ allow: false, access: "rwm" }], memory: { limit: 1000, swap: 2000 }, pids: { limit: 9 } },
    warnings: ["CPU time is not limited: this host has no cpu controller", "the set of CPUs is not limited: this host has no cpuset controller"],
  });
  expect(resolveResources({ memory: 1000, memorySwap: -1 }, cgroups("memory"), []).resources.memory).toEqual({ limit: 1000, swap: -1 });
});

test("reads device rules", () => {
  const { resources } = resolveResources({ deviceCgroupRules: ["b 7:* rwm", "c 10:237 r"] }, cgroups(), [
    { allow: true, type: "c", major: 1, minor: 5, access: "r" },
  ]);
  expect(resources.devices).toEqual([
    { allow: false, access: "rwm" },
    { allow: true, type: "b", major: 7, access: "rwm" },
    { allow: true, type: "c", major: 10, minor: 237, access: "r" },
    { allow: true, type: "c", major: 1, minor: 5, access: "r" },
  ]);
  for (const rule of ["x 1:1 r", "b 1 r", "b 1:1", "b 1:1 rwmx", ""]) {
    expect(() => resolveResources({ deviceCgroupRules: [rule] }, cgroups(), []), rule).toThrow(expect.objectContaining({ code: "container.bad-device-rule" }));
  }
});
