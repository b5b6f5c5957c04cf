import { describe, expect, test } from "vitest";
import { readNameValues } from "../../../../src/engine/build/words/name-values.ts";
import { SubstitutionError, substitute } from "../../../../src/engine/build/words/substitute.ts";

const variables: Record<string, string> = { set: "value", empty: "", other: "o" };
const expand = (text: string, raw = false) => substitute(text, { escape: "\\", lookup: (name) => variables[name], raw });

describe("replaces", () => {
  test.each([
    ["plain", "plain"],
    ["$set", "value"],
    ["a$set.b", "avalue.b"],
    ["${set}s", "values"],
    ["$unset-$set", "-value"],
    ["${unset:-d}", "d"],
    ["${empty:-d}", "d"],
    ["${empty-d}", ""],
    ["${unset-d}", "d"],
    ["${set:-d}", "value"],
    ["${set:+alt}", "alt"],
    ["${empty:+alt}", ""],
    ["${empty+alt}", "alt"],
    ["${unset+alt}", ""],
    ["${unset:-${other}x}", "ox"],
    ["${set:?gone}", "value"],
    ["\\$set", "$set"],
    ["\\\\", "\\"],
    ["'$set'", "$set"],
    ['"$set x"', "value x"],
    ['"\\"q\\" \\a"', '"q" \\a'],
    ["a\\ b", "a b"],
    ["$", "$"],
    ["$$", ""],
    ["5$", "5$"],
    ["$1x", "x"],
    ['it"\'"s', "it's"],
  ])("%j by %j", (text, result) => {
    expect(expand(text)).toBe(result);
  });

  test("nothing but variables in raw text", () => {
    expect(expand("\"$set\" '$set' \\$set \\n \\\\", true)).toBe("\"value\" 'value' $set \\n \\");
  });
});

describe("refuses", () => {
  test.each(["${", "${}", "${set", "'open", '"open', "${set!}", "${set##x}", "${unset:?no value}", "${unset?}"])("%j", (text) => {
    expect(() => expand(text)).toThrow(SubstitutionError);
  });
});

test.each([
  [
    "a=b c=d",
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  [
    'a="b c" d=',
    [
      ["a", '"b c"'],
      ["d", ""],
    ],
  ],
  ["a b  c", [["a", "b  c"]]],
  ["a=b c", undefined],
  ["a", undefined],
  ["", undefined],
  ["=b", undefined],
])("the pairs of %j", (text, pairs) => {
  expect(readNameValues(text, "\\")?.map(({ name, value }) => [name, value])).toEqual(pairs);
});
