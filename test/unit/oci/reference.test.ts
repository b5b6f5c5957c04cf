import fc from "fast-check";
import { expect, test } from "vitest";
import { parseReference, referenceText, withDefaultTag } from "../../../src/oci/index.ts";

const hex = "a".repeat(64);

test.each([
  ["base", { path: "base" }],
  ["rbuild/base:1", { path: "rbuild/base", tag: "1" }],
  ["localhost/x", { domain: "localhost", path: "x" }],
  ["localhost:5000/a/b:T_1", { domain: "localhost:5000", path: "a/b", tag: "T_1" }],
  ["[::1]:80/x", { domain: "[::1]:80", path: "x" }],
  [`a.example/b@sha256:${hex}`, { domain: "a.example", path: "b", digest: `sha256:${hex}` }],
  [`b:1@sha256:${hex}`, { path: "b", tag: "1", digest: `sha256:${hex}` }],
  ["a__b/c--d", { path: "a__b/c--d" }],
])("parses %s", (text, expected) => {
  expect(parseReference(text)).toEqual(expected);
  expect(referenceText(parseReference(text))).toBe(text);
});

test.each([
  "",
  "A",
  "a//b",
  "a/",
  "/a",
  "a:",
  "a:-x",
  "../a",
  "a/../b",
  "a@sha256:00",
  "a b",
  "a\n",
  "Ab.example/x/",
  `x${"y".repeat(300)}`,
  "a___b",
  `a:${"t".repeat(129)}`,
])("refuses %j", (text) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "oci.invalid" }));
});

test("adds the tag latest only where neither tag nor digest is", () => {
  expect(withDefaultTag(parseReference("a")).tag).toBe("latest");
  expect(withDefaultTag(parseReference("a:1")).tag).toBe("1");
  expect(withDefaultTag(parseReference(`a@sha256:${hex}`)).tag).toBeUndefined();
});

test("whatever is accepted has one text form", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab1.:/@_-A[]".split("")), maxLength: 20 }), (text) => {
      try {
        expect(referenceText(parseReference(text))).toBe(text);
      } catch (error) {
        expect(error).toMatchObject({ code: "oci.invalid" });
      }
    }),
  );
});
