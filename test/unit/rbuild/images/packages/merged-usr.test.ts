import { expect, test } from "vitest";
import { mergedDirectories, mergedPath } from "../../../../../src/rbuild/images/packages/merged-usr.ts";
import { byteString } from "../../../../../src/system/tar/index.ts";

test.each([
  ["bin/sh", "usr/bin/sh"],
  ["lib64", "usr/lib64"],
  ["usr/bin/env", "usr/bin/env"],
  ["binary/x", "binary/x"],
  ["etc/lib/x", "etc/lib/x"],
])("%s lies at %s", (path, place) => {
  expect(mergedPath(byteString(path), new Set(mergedDirectories("amd64")))).toBe(place);
});

test("only amd64 has directories for other word sizes", () => {
  expect(mergedDirectories("arm64")).toEqual(["bin", "lib", "sbin"]);
});
