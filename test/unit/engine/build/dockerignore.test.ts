import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { componentExpression, parseDockerignore } from "../../../../src/engine/build/context/dockerignore.ts";

describe("ignores", () => {
  test.each([
    ["a", ["a", "a/b", "a/b/c"], ["b", "b/a", "ab"]],
    ["/a/", ["a", "a/b"], ["b/a"]],
    ["./a", ["a"], ["b"]],
    ["*.log", ["x.log", ".log"], ["d/x.log", "x.log2"]],
    ["*/*.log", ["d/x.log"], ["x.log", "a/b/x.log"]],
    ["**/*.log", ["x.log", "d/x.log", "a/b/x.log"], ["x.logs"]],
    ["a/**", ["a/b", "a/b/c"], ["a", "b"]],
    ["a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["a/zz", "z"]],
    ["**", ["a", "a/b"], []],
    ["foo?", ["foo1"], ["foo", "foo12", "foo/"]],
    ["[a-c]x", ["ax", "cx"], ["dx", "x"]],
    ["[^a-c]x", ["dx"], ["ax"]],
    ["[]x", ["[]x"], ["x"]],
    ["a\\*b", ["a*b"], ["axb"]],
    ["a.b", ["a.b"], ["aXb"]],
    ["# a comment\n\n  a  \n", ["a"], ["#"]],
    ["a/../b", ["b"], ["a"]],
    ["*\n!keep", ["x", "x/keep"], ["keep", "keep/y"]],
    ["*\n!keep\nkeep/not", ["x", "keep/not", "keep/not/z"], ["keep", "keep/y"]],
    ["docs\n!docs/*.md", ["docs", "docs/x", "docs/a/b.md"], ["docs/x.md"]],
    ["**/b\n!a/b", ["b", "c/b"], ["a/b"]],
    ["", [], ["a"]],
    ["!", [], ["a"]],
  ])("by %j", (text, ignored, kept) => {
    const rules = parseDockerignore(text);
    expect(ignored.filter((path) => !rules.ignores(path))).toEqual([]);
    expect(kept.filter((path) => rules.ignores(path))).toEqual([]);
  });
});

test("knows whether something may come back", () => {
  expect(parseDockerignore("a\n!a/b").hasExceptions).toBe(true);
  expect(parseDockerignore("a").hasExceptions).toBe(false);
});

test("any text makes rules that answer", () => {
  const piece = fc.constantFrom("*", "**", "?", "[", "]", "^", "-", "\\", "/", "!", "a", "z", ".", "..", "\n", " ", "#", "(", "+", "{");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.string({ maxLength: 20 }), (pieces, path) => {
      expect(typeof parseDockerignore(pieces.join("")).ignores(path)).toBe("boolean");
      expect(() => new RegExp(`^${componentExpression(pieces.join(""))}$`, "s")).not.toThrow();
    }),
    { numRuns: 2000 },
  );
});
