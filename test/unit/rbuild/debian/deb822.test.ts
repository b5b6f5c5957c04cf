import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseStanza, parseStanzas } from "../../../../src/rbuild/debian/deb822.ts";
import { readPackagesIndex } from "../../../../src/rbuild/debian/packages-index.ts";
import { parseRelease } from "../../../../src/rbuild/debian/release-file.ts";
import { isRbuildError } from "../../../../src/system/index.ts";

describe("a control file", () => {
  test("is read field by field, with continued lines, comments and several stanzas", () => {
    const text = "# about\nPackage: a\nDescription: short\n long\n .\n\tmore\n\n\nPackage:b\nversion: 1 \n";
    expect(parseStanzas(text).map((stanza) => Object.fromEntries(stanza))).toEqual([
      { package: "a", description: "short\nlong\n.\nmore" },
      { package: "b", version: "1" },
    ]);
  });

  test.each([
    ["a line that is no field", "Package: a\nnonsense\n"],
    ["a continuation without a field", " x\n"],
    ["a field given twice", "A: 1\na: 2\n"],
  ])("is refused for %s", (_what, text) => expect(() => parseStanzas(text)).toThrow(expect.objectContaining({ code: "debian.malformed-stanza" })));

  test("is refused when it is too large, has too many fields, or not one stanza", () => {
    expect(() => parseStanzas("A: 1\n", { text: 3 })).toThrow(/more than 3 characters/);
    expect(() => parseStanzas("A: 1\nB: 1\n", { fields: 1 })).toThrow(/more than 1 fields/);
    expect(() => parseStanza("A: 1\n\nB: 2\n")).toThrow(/2 stanzas/);
  });

  test("gives back what was written, and never fails in another way", () => {
    const name = fc.stringMatching(/^[A-Z][a-zA-Z0-9-]{0,10}$/).map((text) => text.toLowerCase());
    const line = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
    fc.assert(
      fc.property(fc.array(fc.dictionary(name, line, { minKeys: 1, maxKeys: 5, noNullPrototype: true }), { maxLength: 4 }), (stanzas) => {
        const text = stanzas
          .map((stanza) =>
            Object.entries(stanza)
              .map(([key, value]) => `${key}: ${value}\n`)
              .join(""),
          )
          .join("\n");
        expect(parseStanzas(text).map((stanza) => Object.fromEntries(stanza))).toEqual(stanzas);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("A", "a", ":", "#", " ", "\t", "\n", "\r", "-", ".", "é") }), (text) => {
        try {
          parseStanzas(text);
        } catch (error) {
          expect(isRbuildError(error, "debian.malformed-stanza")).toBe(true);
        }
      }),
    );
  });
});

describe("a Release file", () => {
  const hex = "a".repeat(64);
  const text = (extra = "", date = "Sat, 11 Jul 2026 10:16:37 UTC") =>
    `Suite: stable\nCodename: x\nVersion: 1.5\nDate: ${date}\nComponents: main contrib\nArchitectures: all amd64\nMD5Sum:\n ${"b".repeat(32)} 1 main/x\nSHA256:\n ${hex}    12 main/binary-amd64/Packages\n${extra}`;

  test("gives its dates and sums", () => {
    const release = parseRelease(text("Valid-Until: Sun, 12 Jul 2026 10:16:37 UTC\n"));
    expect(release).toMatchObject({
      suite: "stable",
      codename: "x",
      version: "1.5",
      date: 1_783_764_997,
      validUntil: 1_783_851_397,
      components: ["main", "contrib"],
    });
    expect([...release.entries]).toEqual([["main/binary-amd64/Packages", { size: 12, sha256: `sha256:${hex}` }]]);
  });

  test.each([
    ["another time zone", text("", "Sat, 11 Jul 2026 10:16:37 CEST")],
    ["no date", text().replace(/^Date:.*\n/m, "")],
    ["no SHA-256 sums", "Date: Sat, 11 Jul 2026 10:16:37 UTC\n"],
    ["a damaged sum", text(" nonsense\n")],
  ])("is refused for %s", (_what, bad) => expect(() => parseRelease(bad)).toThrow(expect.objectContaining({ code: "debian.malformed-release" })));
});

describe("an index of packages", () => {
  const text = "Package: a\nVersion: 1\nEssential: yes\n\nPackage: b\nVersion: 1\n\nPackage: a\nVersion: 2\nEssential: yes\nDescription: x\n y\n";

  test("finds the stanzas of a name, and names by a line", () => {
    const index = readPackagesIndex(Buffer.from(text));
    for (const _round of [1, 2]) expect([...index.names]).toEqual(["a", "b"]);
    expect(index.find("a").map(({ fields }) => fields.get("version"))).toEqual(["1", "2"]);
    expect(index.find("b")[0]?.text).toBe("Package: b\nVersion: 1\n");
    expect(index.find("c")).toEqual([]);
    expect(index.withLine("Essential: yes")).toEqual(["a"]);
    expect(index.withLine("Essential: no")).toEqual([]);
  });

  test("may be empty", () => expect([...readPackagesIndex(Buffer.alloc(0)).names]).toEqual([]));
});
