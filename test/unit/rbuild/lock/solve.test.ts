import { expect, test } from "vitest";
import { parseSimulation } from "../../../../src/rbuild/lock/apt/solve.ts";

test("reads what APT would install from a simulation", () => {
  const text = [
    "Reading package lists...",
    "Inst gcc-12-base (12.2.0-14 Debian:12.15/oldstable [amd64])",
    "Inst libc6 [2.36-9] (2.36-10 Debian:12.15/oldstable, Debian-Security:12/oldstable [amd64]) [libc-bin:amd64 on libc6:amd64]",
    "Conf gcc-12-base (12.2.0-14 Debian:12.15/oldstable [amd64])",
    "Inst tzdata (2026a-0+deb12u1 Debian:12.15/oldstable [all]) []",
    "Inst plain (1 [all])",
    "Remv old [1]",
  ].join("\n");
  expect(parseSimulation(text).installs).toEqual([
    { name: "gcc-12-base", version: "12.2.0-14", architecture: "amd64" },
    { name: "libc6", version: "2.36-10", architecture: "amd64" },
    { name: "tzdata", version: "2026a-0+deb12u1", architecture: "all" },
    { name: "plain", version: "1", architecture: "all" },
  ]);
});
