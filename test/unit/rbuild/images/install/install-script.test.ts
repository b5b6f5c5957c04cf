import { expect, test } from "vitest";
import { extendedStates } from "../../../../../src/rbuild/images/install/extended-states.ts";
import { explainInstallFailure } from "../../../../../src/rbuild/images/install/install-failure.ts";
import { installScript } from "../../../../../src/rbuild/images/install/install-script.ts";
import { automaticPackages } from "../../../../../src/rbuild/images/install/mark-automatic.ts";
import { facts } from "../packages/support.ts";

const PACKAGES = [facts("dash", { essential: "yes", depends: "libc6" }), facts("libc6"), facts("apt", { depends: "gpgv" }), facts("gpgv"), facts("lone")];

test("a first level installs what is essential before the rest", () => {
  const lines = installScript(PACKAGES, { isFirst: true, sourceDateEpoch: 7 }).split("\n");
  expect(lines.filter((line) => line.startsWith("dpkg "))).toEqual([
    "dpkg --force-unsafe-io --force-depends --install dash_all.deb libc6_all.deb",
    "dpkg --force-unsafe-io --no-triggers --unpack apt_all.deb gpgv_all.deb lone_all.deb",
    "dpkg --force-unsafe-io --configure --pending",
  ]);
  expect(lines[0]).toContain("SOURCE_DATE_EPOCH=7");
});

test("a level on top forces nothing", () => {
  expect(installScript(PACKAGES, { isFirst: false, sourceDateEpoch: 7 })).not.toContain("--force-depends");
});

test("automatic is what others need and nobody asked for, by name or by variant", () => {
  expect(automaticPackages(PACKAGES, { variant: "minbase" })).toEqual(["libc6", "gpgv"]);
  expect(automaticPackages(PACKAGES, { from: "base", packages: ["gpgv"] })).toEqual(["libc6"]);
});

test("extended states are in byte order, with those that were there", () => {
  const before = extendedStates("", ["b"], "amd64");
  expect(extendedStates(before, ["c", "a", "b"], "amd64").match(/(?<=Package: ).*/g)).toEqual(["a", "b", "c"]);
  expect(before).toBe("Package: b\nArchitecture: amd64\nAuto-Installed: 1\n\n");
});

test.each([
  [
    "image.install-failed",
    "dpkg: error processing package broken (--configure):\n installed broken package post-installation script subprocess returned error exit status 3",
    "broken",
  ],
  ["image.install-failed", "dpkg: error processing archive broken_amd64.deb (--unpack):\n trying to overwrite '/a'", "broken_amd64.deb"],
  ["image.install-failed", "The following packages are only half configured\n x\nrbuild:not-installed", undefined],
  ["image.no-space", "dpkg: error processing archive a.deb (--unpack):\n failed to write (No space left on device)", undefined],
  ["image.step-failed", "/bin/sh: dpkg: not found", undefined],
])("%s is told from what dpkg prints", (code, output, name) => {
  const error = explainInstallFailure("install", 1, output.split("\n"));
  expect(error.code).toBe(code);
  if (code === "image.install-failed") expect(error.details["package"]).toBe(name);
});
