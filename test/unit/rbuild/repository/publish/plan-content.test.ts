import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Digest, digestOf } from "../../../../../src/oci/index.ts";
import { EMPTY_CONTENT, filesOf, type IndexContent, type IndexedBlob, type IndexedImage } from "../../../../../src/rbuild/repository/publish/index-content.ts";
import { pairLayers } from "../../../../../src/rbuild/repository/publish/pair-layers.ts";
import { findPublished, type LockNeeds, planContent } from "../../../../../src/rbuild/repository/publish/plan-content.ts";
import { removableFiles } from "../../../../../src/rbuild/repository/publish/retention.ts";
import { writeCanonical } from "../../../../../src/rbuild/trust/format/canonical.ts";
import { parseMetadata } from "../../../../../src/rbuild/trust/format/parse.ts";
import { indexValue } from "../../../../support/trust/test-repository.ts";

const digest = (name: string): Digest => digestOf(name);
const hex = (name: string): string => digest(name).slice("sha256:".length);
const plain = (name: string): IndexedBlob => ({
  digest: digest(name),
  size: 10,
  plain: { path: `blobs/sha256/${hex(name)}`, sha256: digest(name), size: 10 },
  encodings: [],
});
const lockFile = (name: string) => ({ path: `locks/sha256/${hex(name)}.json`, sha256: digest(name), size: 10 });
const packageFile = (name: string) => ({ path: `pool/sha256/${hex(name).slice(0, 2)}/${hex(name)}`, sha256: digest(name), size: 10 });

/** A version of `builder`: a layer of its own on the layer `base`. */
function release(version: string, more: Partial<IndexedImage> = {}) {
  const image: IndexedImage = {
    name: "builder",
    version,
    architecture: "amd64",
    channels: ["stable"],
    compatibilityVersion: 2,
    released: `2026-11-${version.padStart(2, "0")}T00:00:00Z`,
    manifest: digest(`manifest ${version}`),
    config: digest(`config ${version}`),
    layers: [digest("base"), digest(`layer ${version}`)],
    lock: digest(`lock ${version}`),
    ...more,
  };
  return {
    images: [image],
    blobs: [plain("base"), ...[`manifest ${version}`, `config ${version}`, `layer ${version}`].map(plain)],
    deltas: [],
    locks: [lockFile(`lock ${version}`)],
    pool: [packageFile(`package ${version}`), packageFile("common")],
  };
}

const needs: LockNeeds = new Map(
  ["1", "2", "3", "4", "5"].map((version) => [
    digest(`lock ${version}`),
    { locks: [digest(`lock ${version}`)], packages: [digest(`package ${version}`), digest("common")] },
  ]),
);
const plan = (before: IndexContent, added: Parameters<typeof planContent>[1], options: Partial<Parameters<typeof planContent>[2]> = {}) =>
  planContent(before, added, { promotions: [], needs, ...options });
const withVersions = (...versions: string[]): IndexContent =>
  versions.reduce<IndexContent>((content, version) => plan(content, release(version)), EMPTY_CONTENT);
const channelsOf = (content: IndexContent) => Object.fromEntries(content.images.map(({ version, channels }) => [version, channels.join(" ")]));

test("what is planned is what the format's schema takes", () => {
  const content = withVersions("2", "10", "1");
  const parsed = parseMetadata("index", writeCanonical({ ...indexValue(1), ...content }), "it");
  expect(parsed).toMatchObject({ kind: "parsed" });
  expect(plan(content, { images: [], blobs: [], deltas: [], locks: [], pool: [] })).toEqual(content);
});

describe("channels", () => {
  test("a new version takes its channel over", () => {
    expect(channelsOf(withVersions("1", "2"))).toEqual({ 1: "", 2: "stable" });
    expect(channelsOf(plan(withVersions("1"), release("2", { channels: ["testing"] })))).toEqual({ 1: "stable", 2: "testing" });
  });

  test("promotion moves a channel, and back", () => {
    const before = plan(withVersions("1"), release("2", { channels: ["testing"] }));
    const none = { images: [], blobs: [], deltas: [], locks: [], pool: [] };
    const promoted = plan(before, none, { promotions: [{ name: "builder", version: "2", channel: "stable" }] });
    expect(channelsOf(promoted)).toEqual({ 1: "", 2: "stable testing" });
    expect(channelsOf(plan(promoted, none, { promotions: [{ name: "builder", version: "1", channel: "stable" }] }))).toEqual({ 1: "stable", 2: "testing" });
    expect(() => plan(before, none, { promotions: [{ name: "builder", version: "3", channel: "stable" }] })).toThrow(
      expect.objectContaining({ code: "repository.no-such-version" }),
    );
  });
});

describe("retention", () => {
  test("keeps the newest versions and those in a channel, with all that they need and nothing else", () => {
    const before = plan(
      withVersions("1", "2", "3", "4"),
      { images: [], blobs: [], deltas: [], locks: [], pool: [] },
      { promotions: [{ name: "builder", version: "1", channel: "old" }] },
    );
    const after = plan(before, release("5"), { keep: 2 });
    expect(channelsOf(after)).toEqual({ 1: "old", 4: "", 5: "stable" });
    expect(after.locks.map(({ sha256 }) => sha256).toSorted()).toEqual(["1", "4", "5"].map((version) => digest(`lock ${version}`)).toSorted());
    expect(after.pool).toHaveLength(4);
    expect(after.blobs).toHaveLength(1 + 3 * 3);
  });

  test("forgets no lock and no package while a lock cannot be read", () => {
    const after = plan(withVersions("1", "2"), release("6"), { keep: 1 });
    expect(after.images).toHaveLength(1);
    expect(after.locks).toHaveLength(3);
  });

  test("files go when neither the index nor the one before it has them", () => {
    const [one, two, three] = [withVersions("1"), plan(withVersions("1"), release("2"), { keep: 1 }), plan(withVersions("2"), release("3"), { keep: 1 })];
    expect(removableFiles([], [two, one])).toEqual([]);
    const gone = removableFiles([one], [three, two]).map(({ path }) => path);
    expect(gone).toEqual(expect.arrayContaining([`blobs/sha256/${hex("layer 1")}`, lockFile("lock 1").path, packageFile("package 1").path]));
    for (const path of gone) for (const content of [two, three]) expect(filesOf(content).has(path)).toBe(false);
    expect(gone).not.toContain(`blobs/sha256/${hex("base")}`);
  });

  test("whatever is published, everything that an index has is whole", () => {
    const versions = fc.uniqueArray(fc.integer({ min: 1, max: 28 }).map(String), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(versions, fc.integer({ min: 1, max: 4 }), (published, keep) => {
        let content = EMPTY_CONTENT;
        for (const version of published) content = planContent(content, release(version), { promotions: [], keep, needs: new Map() });
        const parsed = parseMetadata("index", writeCanonical({ ...indexValue(1), ...content }), "it");
        expect(parsed.kind).toBe("parsed");
        expect(content.images.filter(({ channels }) => channels.includes("stable"))).toHaveLength(1);
        expect(content.images.length).toBeLessThanOrEqual(keep + 1);
      }),
      { numRuns: 200 },
    );
  });
});

test("a published version stays what it is", () => {
  const { images } = withVersions("1");
  const image = { name: "builder", version: "1", architecture: "amd64" } as const;
  expect(findPublished(images, { ...image, manifest: digest("manifest 1") })?.version).toBe("1");
  expect(findPublished(images, { ...image, version: "2", manifest: digest("other") })).toBeUndefined();
  expect(() => findPublished(images, { ...image, manifest: digest("other") })).toThrow(expect.objectContaining({ code: "repository.version-taken" }));
});

describe("layers for deltas", () => {
  const layer = (name: string, origin = "") => ({ digest: digest(name), origin });
  test.each<[string, Parameters<typeof pairLayers>, [string, string][]]>([
    [
      "shared ones need none",
      [
        [layer("a"), layer("b")],
        [layer("a"), layer("c")],
      ],
      [["b", "c"]],
    ],
    [
      "the same origin wins over the place",
      [
        [layer("a", "base"), layer("b", "tools")],
        [layer("c", "new"), layer("d", "base"), layer("e", "tools")],
      ],
      [
        ["a", "d"],
        ["b", "e"],
      ],
    ],
    [
      "without history the place decides",
      [
        [layer("a"), layer("b")],
        [layer("c"), layer("d")],
      ],
      [
        ["a", "c"],
        ["b", "d"],
      ],
    ],
    ["more than there were", [[layer("a")], [layer("c"), layer("d")]], [["a", "c"]]],
    ["nothing to start from", [[], [layer("c")]], []],
  ])("%s", (_what, [from, to], expected) => {
    expect(pairLayers(from, to)).toEqual(expected.map(([before, after]) => ({ from: digest(before), to: digest(after) })));
  });
});
