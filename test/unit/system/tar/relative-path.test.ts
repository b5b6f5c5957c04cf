import { expect, test } from "vitest";
import { byteString, relativeTarPath } from "../../../../src/system/index.ts";

test.each([
  ["a", "a"],
  ["./a/b/", "a/b"],
  ["a//b/./c", "a/b/c"],
  [".", ""],
  ["./", ""],
  [".hidden", ".hidden"],
  ["a/..b", "a/..b"],
  ["a/...", "a/..."],
])("cleans %j to %j", (path, clean) => {
  expect(relativeTarPath(byteString(path))).toBe(clean);
});

test.each(["", "/", "/a", "..", "../a", "a/../b", "a/..", "./..", "a/./../../b"])("takes no %j", (path) => {
  expect(relativeTarPath(byteString(path))).toBeUndefined();
});
