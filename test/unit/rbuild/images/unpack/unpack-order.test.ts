import { expect, test } from "vitest";
import { unpackOrder } from "../../../../../src/rbuild/images/unpack/unpack-order.ts";
import { facts, namesOf } from "../packages/support.ts";

test("packages come by name, those that replace files of others before them, circles too", () => {
  const packages = [facts("c"), facts("a"), facts("b", { replaces: "a (<< 2), x" }), facts("d", { replaces: "c, e" }), facts("e", { replaces: "d" })];
  const order = unpackOrder(packages.map((each) => ({ facts: each })));
  expect(namesOf(order.map((each) => each.facts))).toEqual(["b", "a", "e", "d", "c"]);
});
