import { isAbsolute } from "node:path";
import { expect, it } from "vitest";
import { toolId } from "../../../../src/rbuild/doctor/checks/tools.ts";
import { HOST_TOOLS } from "../../../../src/rbuild/doctor/host-tools.ts";
import { includesJob, JOBS } from "../../../../src/rbuild/doctor/jobs.ts";

it("names every tool once, with names that Debian can have", () => {
  const ids = HOST_TOOLS.map(toolId);
  expect(ids).toEqual([...new Set(ids)]);
  for (const name of HOST_TOOLS.flatMap((tool) => tool.packages)) expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
});

it("asks a program for its version, and a file for nothing", () => {
  for (const tool of HOST_TOOLS) if (isAbsolute(tool.programs[0])) expect(tool.minimum).toBeUndefined();
});

it("needs no engine of others but to compare with", () => {
  const forIso = HOST_TOOLS.filter((tool) => includesJob("iso", tool.job)).flatMap((tool) => tool.packages);
  expect(forIso).not.toContain("docker.io");
  expect(forIso).not.toContain("podman");
});

it("lets each job stand on those before it", () => {
  expect(JOBS.filter((job) => includesJob("iso", job))).toEqual(["engine", "image", "iso"]);
});
