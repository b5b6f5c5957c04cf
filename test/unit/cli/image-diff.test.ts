import { expect, test } from "vitest";
import { diffMarkdown } from "../../../src/cli/image-diff/diff-markdown.ts";
import { diffLines } from "../../../src/cli/image-diff/diff-text.ts";
import type { ImageDiff } from "../../../src/rbuild/index.ts";

const diff: ImageDiff = {
  kind: "different",
  from: { kind: "lock", label: "a@main", packages: 1, bytes: 1000 },
  to: { kind: "lock", label: "a", packages: 2, bytes: 3500 },
  packages: [
    { kind: "added", architecture: "amd64", list: "offers", name: "new", source: "new", to: { version: "1", bytes: 2500 } },
    { kind: "rebuilt", architecture: "arm64", list: "packages", name: "x", source: "src", from: { version: "1", bytes: 10 }, to: { version: "1", bytes: 10 } },
  ],
  sources: [
    {
      name: "src",
      kind: "downgraded",
      from: "2",
      to: "1",
      packages: ["x"],
      cves: ["CVE-2026-0001"],
      changelog: { kind: "found", entries: [{ version: "2", lines: ["  * ```", "</details><script>", "````"] }], omittedLines: 3 },
    },
    { name: "quiet", kind: "upgraded", from: "1", to: "2", packages: ["quiet"], cves: [], changelog: { kind: "missing", why: "not-asked" } },
    { name: "gone", kind: "upgraded", from: "1", to: "2", packages: ["gone"], cves: [], changelog: { kind: "missing", why: "not-in-pool" } },
  ],
  fields: [{ field: "definition.command", was: ["a|b"], is: undefined }],
  notes: ["one <b>*thing*"],
};

test("the text names architectures where there are several, and what is no longer fixed", () => {
  const text = diffLines(diff).join("\n");
  expect(text).toMatch(/^FROM {2}a@main {2}1 package, 1\.0 kB\nTO {4}a {7}2 packages, 3\.5 kB$/m);
  expect(text).toMatch(/^new:amd64 +added \(offered\) +1 +\+2\.5 kB$/m);
  expect(text).toContain("1 added, 1 rebuilt; +2.5 kB");
  expect(text).toContain("src 2 -> 1 (x): no longer fixed: CVE-2026-0001");
  expect(text).toContain("gone 1 -> 2: its packages are not in the pool");
  expect(text).not.toContain("quiet 1");
  expect(text).toContain('  definition.command  ["a|b"] -> absent');
});

test("nothing of a changelog, a field or a note is read as Markdown", () => {
  const markdown = diffMarkdown(diff).join("\n");
  // The fence is longer than any in it.
  expect(markdown).toContain("\n`````\n2\n  * ```\n</details><script>\n````\n… 3 more lines\n`````\n");
  expect(markdown).toContain("<summary>src 2 → 1 — no longer fixed: CVE-2026-0001</summary>");
  expect(markdown).toContain('| `definition.command` | `["a\\|b"]` | `absent` |');
  expect(markdown).toContain("> one &lt;b&gt;\\*thing\\*");
});

test("what is identical is said to be", () => {
  const same: ImageDiff = { ...diff, kind: "identical", packages: [], sources: [], fields: [], notes: [] };
  expect(diffLines(same).at(-1)).toBe("identical");
  expect(diffMarkdown(same).at(-1)).toBe("Identical.");
});
