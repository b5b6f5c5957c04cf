import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, type JsonValue } from "../../../src/oci/index.ts";

test("sorts keys by code unit, leaves undefined out, writes no white space", () => {
  expect(canonicalJson({ b: 1, a: [true, null, "é\n"], B: undefined, A: {} })).toBe('{"A":{},"a":[true,null,"é\\n"],"b":1}');
});

test("refuses numbers that have no one form", () => {
  for (const number of [0.5, Number.NaN, 2 ** 53]) expect(() => canonicalJson(number)).toThrow(TypeError);
});

test("equal values give equal bytes, whatever the order of their keys", () => {
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      fc.string(),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
    ),
  })).value as fc.Arbitrary<JsonValue>;
  const reversed = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(reversed);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([key, member]) => [key, reversed(member as JsonValue)]),
    );
  };
  fc.assert(
    fc.property(json, (value) => {
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
