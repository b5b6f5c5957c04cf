import { expect, test } from "vitest";
import { comparePackages } from "../../../../../src/rbuild/lock/diff/compare-packages.ts";
import type { LockedPackage } from "../../../../../src/rbuild/lock/image-lock.ts";

function locked(name: string, version: string, fill = "a"): LockedPackage {
  const path = `pool/main/${name}_${version}_all.deb`;
  return {
    name,
    version,
    architecture: "all",
    size: 10,
    sha256: `sha256:${fill.repeat(64)}` as LockedPackage["sha256"],
    path,
    source: name,
    archive: "debian",
  };
}

test("finds what was added, removed and changed, in order of architecture, list and name", () => {
  const from = { arm64: { packages: [locked("zlib1g", "1")], offers: [] }, amd64: { packages: [locked("bash", "1"), locked("dash", "1")], offers: [] } };
  const to = {
    arm64: { packages: [locked("zlib1g", "2", "b")], offers: [] },
    amd64: { packages: [locked("adduser", "1"), locked("dash", "1")], offers: [locked("bash", "1")] },
  };
  expect(comparePackages(from, to)).toEqual([
    { kind: "added", architecture: "amd64", list: "packages", to: locked("adduser", "1") },
    { kind: "removed", architecture: "amd64", list: "packages", from: locked("bash", "1") },
    { kind: "added", architecture: "amd64", list: "offers", to: locked("bash", "1") },
    { kind: "changed", architecture: "arm64", list: "packages", from: locked("zlib1g", "1"), to: locked("zlib1g", "2", "b") },
  ]);
});

test("takes other bytes under the same version for a change, and another path for none", () => {
  const of = (entry: LockedPackage) => ({ amd64: { packages: [entry], offers: [] } });
  expect(comparePackages(of(locked("bash", "1")), of(locked("bash", "1", "b")))).toHaveLength(1);
  expect(comparePackages(of(locked("bash", "1")), of({ ...locked("bash", "1"), path: "pool/main/b/bash_1_all.deb" }))).toEqual([]);
});

test("takes everything for added when there was no lock", () => {
  expect(comparePackages(undefined, { amd64: { packages: [locked("bash", "1")], offers: [] } })).toMatchObject([{ kind: "added" }]);
});
