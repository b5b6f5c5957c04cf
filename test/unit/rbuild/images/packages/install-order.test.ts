import fc from "fast-check";
import { expect, test } from "vitest";
import { essentialClosure, installBatches } from "../../../../../src/rbuild/images/packages/install-order.ts";
import type { PackageFacts } from "../../../../../src/rbuild/images/packages/package-facts.ts";
import { PackageSet } from "../../../../../src/rbuild/images/packages/package-set.ts";
import { parseRelations } from "../../../../../src/rbuild/images/packages/relations.ts";
import { facts, namesOf } from "./support.ts";

test("relations are read without versions, architectures and what cannot be a name", () => {
  expect(parseRelations("libc6 (>= 2.36), a:any | b [amd64] <!nocheck>, , Bad")).toEqual([["libc6"], ["a", "b"]]);
  expect(parseRelations(undefined)).toEqual([]);
});

test("what is essential comes with all it needs, by what is there and by what is provided", () => {
  const packages = [
    facts("shell", { essential: "yes", "pre-depends": "libc (>= 1)", depends: "gone | awk" }),
    facts("libc", { depends: "libgcc" }),
    facts("libgcc"),
    facts("mawk", { provides: "awk" }),
    facts("other", { depends: "shell" }),
  ];
  expect(namesOf(essentialClosure(packages))).toEqual(["libc", "libgcc", "mawk", "shell"]);
});

test("a package is unpacked after what it pre-depends on is configured, with what that needs", () => {
  const batches = installBatches([
    facts("a", { "pre-depends": "b" }),
    facts("b", { depends: "c" }),
    facts("c"),
    facts("d", { depends: "a" }),
    facts("e", { "pre-depends": "already-there" }),
  ]);
  expect(batches.map(({ unpack, configure }) => [namesOf(unpack), namesOf(configure)])).toEqual([
    [
      ["b", "c", "d", "e"],
      ["b", "c"],
    ],
    [["a"], []],
  ]);
});

test("a circle of pre-dependencies comes last", () => {
  const batches = installBatches([facts("a", { "pre-depends": "b" }), facts("b", { "pre-depends": "a" }), facts("c")]);
  expect(batches.map(({ unpack }) => namesOf(unpack))).toEqual([["c"], ["a", "b"]]);
});

test("whatever the relations, every package is unpacked once, and the order of what is given has no part in it", () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const relation = fc.subarray(names).map((some) => some.join(", "));
  const set = fc.tuple(...names.map((name) => fc.record({ "pre-depends": relation, depends: relation }).map((fields) => facts(name, fields))));
  const shown = (packages: readonly PackageFacts[]) => installBatches(packages).map(({ unpack, configure }) => [namesOf(unpack), namesOf(configure)]);
  fc.assert(
    fc.property(set, (packages) => {
      expect(
        shown(packages)
          .flatMap(([unpack]) => unpack ?? [])
          .sort(),
      ).toEqual(names);
      expect(shown(packages.toReversed())).toEqual(shown(packages));
    }),
  );
});

test("two versions of one package are refused", () => {
  expect(() => new PackageSet([facts("a"), facts("a", {}, "2")])).toThrow(expect.objectContaining({ code: "image.two-versions" }));
});
