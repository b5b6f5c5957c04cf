import fc from "fast-check";
import { expect, test } from "vitest";
import { findCves, parseChangelog } from "../../../../src/rbuild/debian/changelog.ts";

const CHANGELOG = `openssl (3.0.17-1~deb12u3) bookworm-security; urgency=medium

  * CVE-2025-9230 (Fix incorrect check of unwrapped key size)
    and CVE-2025-10001.

  [ Somebody ]
  * Another line.\u001b[31m

 -- A Person <person@example.invalid>  Sat, 27 Sep 2025 22:10:37 +0200

openssl (3.0.17-1~deb12u2) bookworm; urgency=medium, binary-only=yes

  * CVE-2025-9230 again.

 -- A Person <person@example.invalid>  Sun, 20 Jul 2025 19:33:44 +0200
Old versions of this changelog are elsewhere.
`;

test("reads versions and their lines, without control characters", () => {
  expect(parseChangelog(CHANGELOG)).toEqual([
    {
      version: "3.0.17-1~deb12u3",
      lines: ["  * CVE-2025-9230 (Fix incorrect check of unwrapped key size)", "    and CVE-2025-10001.", "", "  [ Somebody ]", "  * Another line.[31m"],
    },
    { version: "3.0.17-1~deb12u2", lines: ["  * CVE-2025-9230 again."] },
  ]);
});

test("names each CVE once, in order of year and number", () => {
  expect(findCves(parseChangelog(CHANGELOG).flatMap(({ lines }) => lines))).toEqual(["CVE-2025-9230", "CVE-2025-10001"]);
  expect(findCves(["CVE-2024-12345, CVE-2023-0001; XCVE-2020-1111 CVE-2020-1"])).toEqual(["CVE-2023-0001", "CVE-2024-12345"]);
});

test("takes any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(parseChangelog(`a (1) b;\n${text}`).some(({ lines }) => lines.some((line) => /[\n\u001b]/.test(line)))).toBe(false);
    }),
  );
});
