import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareVersions } from "../../../../src/rbuild/debian/version.ts";

const IN_ORDER = ["1.0~~", "1.0~~a", "1.0~", "1.0", "1.0-0.1", "1.0-1", "1.0-1+b1", "1.0a", "1.0+dfsg", "1.0.1", "1.9", "1.10", "2", "1:0", "1:0.1~rc1", "2:0"];

test("orders versions as the policy says", () => {
  const backwards = IN_ORDER.toReversed();
  expect(backwards.sort(compareVersions)).toEqual(IN_ORDER);
});

test("holds versions equal that differ in leading zeros and in what may be left out", () => {
  for (const [left, right] of [
    ["1.0", "0:1.0"],
    ["1.0", "1.0-0"],
    ["1.00", "1.0"],
    ["1a0b", "1a00b"],
  ] as const)
    expect(compareVersions(left, right)).toBe(0);
});

const part = fc.string({ unit: fc.constantFrom("0", "0", "1", "9", "a", "z", "A", "Z", "~", "+", "."), minLength: 0, maxLength: 8 }).map((text) => `1${text}`);
const version = fc
  .tuple(fc.constantFrom("", "0:", "1:"), part, fc.option(part))
  .map(([epoch, upstream, revision]) => `${epoch}${upstream}${revision === null ? "" : `-${revision}`}`);

test("agrees with dpkg", () => {
  const pairs = fc.sample(fc.tuple(version, version), { numRuns: 300, seed: 7 });
  // One shell for all of them: lines of lt, eq or gt.
  const script = pairs
    .map(([a, b]) => `if dpkg --compare-versions '${a}' lt '${b}'; then echo -1; elif dpkg --compare-versions '${a}' eq '${b}'; then echo 0; else echo 1; fi`)
    .join("\n");
  const { stdout } = spawnSync("sh", [], { input: script, encoding: "utf8" });
  expect(pairs.map(([a, b]) => `${a} ${b} ${Math.sign(compareVersions(a, b))}`)).toEqual(
    stdout
      .trim()
      .split("\n")
      .map((sign, index) => `${pairs[index]?.join(" ")} ${sign}`),
  );
});

test("is a total order", () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) || 0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});
