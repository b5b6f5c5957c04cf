import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { detectCgroups } from "../../../../src/engine/runtime/host/cgroups.ts";
import { parseMountinfo } from "../../../../src/engine/runtime/host/mountinfo.ts";
import { startFailure } from "../../../../src/engine/runtime/monitor/start-failure.ts";
import { runtimeMessage } from "../../../../src/engine/runtime/runtime-message.ts";
import { deviceNumbers } from "../../../../src/engine/runtime/spec/devices.ts";

function directory(): string {
  const path = mkdtempSync("/tmp/rbuild-test-");
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("reads mountinfo, optional fields and escapes too", () => {
  const [mount] = parseMountinfo("36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root\\134x rw,errors=continue\n\nbroken\n");
  expect(mount).toEqual({
    mountPoint: "/mnt 2",
    root: "/mnt1",
    type: "ext3",
    source: "/dev/root\\x",
    options: ["rw", "noatime"],
    superOptions: ["rw", "errors=continue"],
  });
});

test("tells v1, v2, hybrid and no cgroups apart", () => {
  const [memory, unified] = [directory(), directory()];
  writeFileSync(join(memory, "memory.memsw.limit_in_bytes"), "");
  writeFileSync(join(unified, "cgroup.controllers"), "cpu memory pids\n");
  const v1 = `1 1 0:1 / ${memory} rw - cgroup cgroup rw,memory\n2 1 0:2 / ${memory} rw - cgroup cgroup rw,name=systemd\n`;
  const v2 = `3 1 0:3 / ${unified} rw - cgroup2 cgroup2 rw\n`;
  expect(detectCgroups(parseMountinfo(v1))).toMatchObject({ hierarchy: "v1", controllers: ["memory"], swapLimit: true });
  expect(detectCgroups(parseMountinfo(v2))).toMatchObject({ hierarchy: "v2", controllers: ["cpu", "devices", "freezer", "memory", "pids"], swapLimit: true });
  expect(detectCgroups(parseMountinfo(v1 + v2))).toMatchObject({ hierarchy: "hybrid", controllers: ["memory"] });
  expect(detectCgroups([])).toMatchObject({ hierarchy: "none", controllers: [], swapLimit: false });
  expect(detectCgroups(parseMountinfo(v2.replace(" rw - ", " ro - "))).hierarchy).toBe("none");
});

test("takes device numbers apart as the C library does", () => {
  expect(deviceNumbers(0x0701)).toEqual({ major: 7, minor: 1 });
  expect(deviceNumbers(10 * 256 + 237)).toEqual({ major: 10, minor: 237 });
  expect(deviceNumbers(0x1111_0370)).toEqual({ major: 259, minor: 70_000 });
});

test("takes a runtime's message out of its log", () => {
  expect(runtimeMessage('time="x" level=error msg="runc create failed: exec: \\"a\\": not found"\n')).toBe('runc create failed: exec: "a": not found');
  expect(runtimeMessage("2026-01-01T00:00:00.0Z: executable file `a` not found\n")).toBe("executable file `a` not found");
  expect(runtimeMessage("")).toBe("");
});

test.each([
  ['exec: "x": executable file not found in $PATH', "container.command-not-found", 127],
  ["executable file `x` not found in $PATH: No such file or directory", "container.command-not-found", 127],
  ['exec: "/etc": permission denied', "container.command-not-executable", 126],
  ["open executable: Operation not permitted", "container.command-not-executable", 126],
  ["something else", "runtime.failed", undefined],
])("knows %s", (message, code, exitCode) => {
  const error = startFailure("crun", "id", message);
  expect({ code: error.code, exitCode: error.details["exitCode"] }).toEqual({ code, exitCode });
});
