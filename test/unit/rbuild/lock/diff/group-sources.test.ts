import { expect, test } from "vitest";
import { classifyChange } from "../../../../../src/rbuild/lock/diff/classify-changes.ts";
import { groupSources } from "../../../../../src/rbuild/lock/diff/group-sources.ts";
import type { ComparedPackage } from "../../../../../src/rbuild/lock/diff/image-diff.ts";
import type { PackageChange } from "../../../../../src/rbuild/lock/lock-operations.ts";

const entry = (name: string, version: string, source: string, size = 10): ComparedPackage => ({ name, version, architecture: "amd64", source, size });
const changed = (from: ComparedPackage, to: ComparedPackage): PackageChange<ComparedPackage> => ({
  kind: "changed",
  architecture: "amd64",
  list: "packages",
  from,
  to,
});

test("binary packages of one source are one group, the smallest .deb first", () => {
  const changes = [
    changed(entry("libssl3", "3.0-1", "openssl", 20), entry("libssl3", "3.0-2", "openssl", 20)),
    changed(entry("openssl", "3.0-1", "openssl"), entry("openssl", "3.0-2", "openssl")),
  ];
  expect(groupSources(changes)).toMatchObject([
    {
      name: "openssl",
      kind: "upgraded",
      from: "3.0-1",
      to: "3.0-2",
      packages: ["libssl3", "openssl"],
      range: { after: "3.0-1", upTo: "3.0-2" },
      newer: [{ name: "openssl" }, { name: "libssl3" }],
    },
  ]);
});

test("a package of a source with another version is told by the source's versions", () => {
  const changes = [changed(entry("gcc", "4:12.2.0-2", "gcc-defaults 1.202"), entry("gcc", "4:12.2.0-3", "gcc-defaults 1.203"))];
  expect(groupSources(changes)).toMatchObject([{ name: "gcc-defaults", from: "1.202", to: "1.203" }]);
});

test("a package that was only built again is told by its own versions", () => {
  const changes = [changed(entry("bash", "5.2-2+b2", "bash 5.2-2"), entry("bash", "5.2-2+b7", "bash 5.2-2"))];
  expect(groupSources(changes)).toMatchObject([{ from: "5.2-2+b2", to: "5.2-2+b7", kind: "upgraded", range: { after: "5.2-2+b2", upTo: "5.2-2+b7" } }]);
});

test("a downgrade is told by the changelog that is lost", () => {
  const [group] = groupSources([changed(entry("a", "2", "a"), entry("a", "1", "a"))]);
  expect(group).toMatchObject({ kind: "downgraded", range: { after: "1", upTo: "2" }, newer: [{ version: "2" }] });
});

test("other bytes under one version are a rebuild, and what came or went has no changelog", () => {
  expect(classifyChange(changed(entry("a", "1", "a"), entry("a", "1", "a", 12)))).toMatchObject({ kind: "rebuilt", from: { bytes: 10 }, to: { bytes: 12 } });
  expect(groupSources([{ kind: "added", architecture: "amd64", list: "packages", to: entry("a", "1", "a") }])).toEqual([]);
});
