import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MetadataValue, writeCanonical } from "../../../../../src/rbuild/trust/format/canonical.ts";
import { type MetadataType, parseMetadata } from "../../../../../src/rbuild/trust/format/parse.ts";
import { digestInPath } from "../../../../../src/rbuild/trust/format/paths.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { indexValue } from "../../../../support/trust/test-repository.ts";

const RUNS = fuzzRuns(500);
const hex = (digit: string) => digit.repeat(64);
const digest = (digit: string) => `sha256:${hex(digit)}`;
const file = (path: string, digit: string) => ({ path: path.replace("@", hex(digit)), sha256: digest(digit), size: 100 });

const blob = (digit: string, more: object = {}) => ({ digest: digest(digit), size: 100, plain: file("blobs/sha256/@", digit), encodings: [], ...more });
const image = {
  name: "builder",
  version: "2026.11",
  architecture: "amd64",
  channels: ["stable"],
  compatibilityVersion: 1,
  released: "2026-11-21T12:00:00Z",
  manifest: digest("a"),
  config: digest("b"),
  layers: [digest("c")],
  lock: digest("d"),
};
const full = {
  images: [image],
  blobs: [blob("a"), blob("b"), blob("c", { encodings: [{ encoding: "zstd", ...file("encoded/sha256/@.zst", "e") }] })],
  locks: [file("locks/sha256/@.json", "d")],
  pool: [file("pool/sha256/ff/@", "f")],
  deltas: [{ method: "zstd-patch-from", from: digest("0"), to: digest("c"), window: 1000, ...file("deltas/sha256/@.zst", "1") }],
};

const parse = (type: MetadataType, value: unknown) => {
  const result = parseMetadata(type, writeCanonical(value as MetadataValue), "it");
  return result.kind === "refused" ? result.code : result.kind;
};
const index = (fields: object) => parse("index", indexValue(1, fields as never));

describe("an index", () => {
  test("names images, their blobs, locks, packages and deltas", () => {
    expect(index(full)).toBe("parsed");
    expect(index({})).toBe("parsed");
  });

  test.each<[string, object]>([
    ["an image whose blob is not listed", { ...full, blobs: [blob("a"), blob("b")] }],
    ["an image whose lock is not listed", { ...full, locks: [] }],
    ["two images of one name in one channel", { ...full, images: [image, { ...image, version: "2026.12" }] }],
    ["one image twice", { ...full, images: [image, image] }],
    [
      "images out of order",
      {
        ...full,
        images: [
          { ...image, version: "2", channels: [] },
          { ...image, version: "1" },
        ],
      },
    ],
    ["blobs out of order", { ...full, blobs: [blob("b"), blob("a"), blob("c")] }],
    ["a blob without a file", { ...full, blobs: [blob("a"), blob("b"), { digest: digest("c"), size: 100, encodings: [] }] }],
    ["a blob whose file is another", { ...full, blobs: [blob("a"), blob("b"), blob("c", { plain: file("blobs/sha256/@", "2") })] }],
    ["a path that is not its digest's", { ...full, pool: [{ ...file("pool/sha256/ff/@", "f"), sha256: digest("e") }] }],
    ["a path in the wrong place", { ...full, pool: [file("blobs/sha256/@", "f")] }],
    ["a path that climbs out", { ...full, pool: [{ ...file("pool/sha256/ff/@", "f"), path: "pool/../../etc/passwd" }] }],
    ["a package in another's drawer", { ...full, pool: [file("pool/sha256/00/@", "f")] }],
    ["a delta to nothing", { ...full, deltas: [{ ...full.deltas[0], to: digest("9") }] }],
    ["a delta with a huge window", { ...full, deltas: [{ ...full.deltas[0], window: 2 ** 40 }] }],
    ["an unknown field", { ...full, more: 1 }],
    ["an odd name", { ...full, images: [{ ...image, name: "../builder" }] }],
    ["another architecture", { ...full, images: [{ ...image, architecture: "linux/amd64" }] }],
    ["a negative size", { ...full, pool: [{ ...file("pool/sha256/ff/@", "f"), size: -1 }] }],
    ["an expiry before its issue", { ...full, expires: "2026-01-01T00:00:00Z" }],
    ["a day that is none", { ...full, expires: "2027-02-30T00:00:00Z" }],
    ["a version beyond all", { ...full, version: 2 ** 40 }],
  ])("with %s is refused", (_what, fields) => {
    expect(index(fields)).toBe("trust.malformed-metadata");
  });
});

test("a file of one type is not read as another", () => {
  for (const type of ["root", "freshness", "current"] as const) expect(parse(type, indexValue(1))).toBe("trust.wrong-type");
  for (const value of [[], 1, "index", {}, { type: 1 }]) expect(parse("index", value)).toBe("trust.wrong-type");
});

test("any value is metadata or is not, and never throws", () => {
  const types = fc.constantFrom<MetadataType>("root", "index", "freshness", "current");
  const changed = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
  const bytes = writeCanonical(indexValue(1, full));
  fc.assert(
    fc.property(types, fc.array(changed, { maxLength: 3 }), (type, edits) => {
      const copy = Uint8Array.from(bytes);
      for (const [position, value] of edits) copy[position % copy.byteLength] = value;
      const result = parseMetadata(type, copy, "it");
      if (type !== "index") expect(result.kind).toBe("refused");
    }),
    { numRuns: RUNS },
  );
});

test("a digest is found in a path only where it belongs", () => {
  expect(digestInPath(`pool/sha256/aa/${hex("a")}`)).toBe(digest("a"));
  for (const path of [
    "",
    "blobs/sha256/",
    `blobs/sha256/${hex("A")}`,
    `/blobs/sha256/${hex("a")}`,
    `blobs/sha256/${hex("a")}\n`,
    `pool/sha256/bb/${hex("a")}`,
    `pool/sha256/aa/${hex("a")}.deb`,
    `encoded/sha256/${hex("a")}`,
  ])
    expect(digestInPath(path)).toBeUndefined();
});
