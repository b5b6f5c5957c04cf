import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, type JsonValue } from "../../../../src/oci/index.ts";
import { compareValues } from "../../../../src/rbuild/explain/compare-values.ts";

test("names the leaves that differ by their path", () => {
  expect(compareValues({ a: { b: 1, c: "x" }, d: true }, { a: { b: 2, c: "x" }, e: null })).toEqual([
    { field: "a.b", was: 1, is: 2 },
    { field: "d", was: true, is: undefined },
    { field: "e", was: undefined, is: null },
  ]);
  expect(compareValues(1, "1")).toEqual([{ field: "", was: 1, is: "1" }]);
});

test("compares elements of a list by name, so that one put in is the only difference", () => {
  expect(compareValues({ packages: ["bash", "zip"] }, { packages: ["bash", "curl", "zip"] })).toEqual([{ field: "packages.curl", was: undefined, is: "curl" }]);
  expect(
    compareValues(
      [{ path: "a", size: 1 }],
      [
        { path: "0", size: 1 },
        { path: "a", size: 2 },
      ],
    ),
  ).toEqual([
    { field: "a.size", was: 1, is: 2 },
    { field: "0", was: undefined, is: { path: "0", size: 1 } },
  ]);
  expect(compareValues(["a", "b"], ["b", "a"])).toEqual([{ field: "", was: ["a", "b"], is: ["b", "a"] }]);
});

test("compares lists without names by position", () => {
  expect(compareValues([1, 2], [1, 3, 4])).toEqual([
    { field: "1", was: 2, is: 3 },
    { field: "2", was: undefined, is: 4 },
  ]);
});

test("finds a difference exactly where canonical JSON differs", () => {
  const values = fc
    .jsonValue({ depthSize: "small" })
    .filter((value) => !JSON.stringify(value).match(/\d\.|e[+-]\d|"__proto__"/) && isEncodable(value as JsonValue))
    .map((value) => value as JsonValue);
  fc.assert(fc.property(values, values, (was, is) => (compareValues(was, is).length === 0) === (canonicalJson(was) === canonicalJson(is))));
});

function isEncodable(value: JsonValue): boolean {
  try {
    return canonicalJson(value) !== "";
  } catch {
    return false;
  }
}
