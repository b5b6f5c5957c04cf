import { expect, test } from "vitest";
import { pathMatcher } from "../../../../../src/rbuild/images/normalise/pattern.ts";
import { byteString } from "../../../../../src/system/tar/index.ts";

test.each([
  ["a path and what is below it", "etc/x", ["etc/x", "etc/x/y"], ["etc", "etc/xy", "usr/etc/x"]],
  ["what is below a directory only", "run/**", ["run/a", "run/a/b"], ["run", "runs/a"]],
  ["one component", "var/lib/dpkg/*-old", ["var/lib/dpkg/status-old"], ["var/lib/dpkg/a/b-old", "var/lib/dpkg/old"]],
  ["any directories", "**/__pycache__", ["__pycache__", "usr/lib/x/__pycache__/y.pyc"], ["usr/__pycache__x"]],
  ["characters that mean something in expressions", "a.b+(c)", ["a.b+(c)"], ["axb+(c)"]],
  ["names that are not ASCII", "é/*", ["é/ü"], ["é"]],
])("a pattern matches %s", (_, pattern, matching, others) => {
  const matches = pathMatcher([pattern]);
  expect(matching.filter((path) => !matches(byteString(path)))).toEqual([]);
  expect(others.filter((path) => matches(byteString(path)))).toEqual([]);
});
