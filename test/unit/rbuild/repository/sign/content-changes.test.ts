import { expect, test } from "vitest";
import { type Digest, digestOf } from "../../../../../src/oci/index.ts";
import type { IndexedImage } from "../../../../../src/rbuild/repository/publish/index-content.ts";
import { contentChanges } from "../../../../../src/rbuild/repository/sign/content-changes.ts";

const digest = (text: string): Digest => digestOf(Buffer.from(text));

function image(name: string, version: string, channels: string[] = [], more: Partial<IndexedImage> = {}): IndexedImage {
  const [manifest, config, layers, lock] = [digest(`${name} ${version}`), digest("config"), [digest("layer")], digest("lock")];
  return { name, version, architecture: "amd64", channels, compatibilityVersion: 1, released: "2026-11-21T12:00:00Z", manifest, config, layers, lock, ...more };
}

test("the same content has no changes, whatever its order", () => {
  const images = [image("base", "1", ["stable"]), image("builder", "1")];
  expect(contentChanges({ images }, { images: [...images].reverse() })).toEqual({ added: [], retired: [], replaced: [], channels: [] });
});

test("images that come and go, and channels that move, are told apart", () => {
  const before = [image("builder", "1"), image("builder", "2", ["stable"]), image("base", "1", ["old"])];
  const after = [image("builder", "2", ["previous"]), image("builder", "3", ["stable"]), image("base", "1")];
  const { added, retired, replaced, channels } = contentChanges({ images: before }, { images: after });
  expect([added.map(({ version }) => version), retired.map(({ version }) => version), replaced]).toEqual([["3"], ["1"], []]);
  expect(channels).toEqual([
    { name: "base", architecture: "amd64", channel: "old", from: "1" },
    { name: "builder", architecture: "amd64", channel: "previous", to: "2" },
    { name: "builder", architecture: "amd64", channel: "stable", from: "2", to: "3" },
  ]);
});

test.each([
  ["manifest", { manifest: digest("another") }],
  ["config", { config: digest("another") }],
  ["layers", { layers: [digest("another")] }],
  ["lock", { lock: digest("another") }],
  ["compatibilityVersion", { compatibilityVersion: 2 }],
] as const)("another %s under a version that is published is a replacement, not a new image", (_what, more) => {
  const [was, is] = [image("base", "1"), image("base", "1", ["stable"], more as Partial<IndexedImage>)];
  expect(contentChanges({ images: [was] }, { images: [is] })).toMatchObject({ added: [], retired: [], replaced: [{ before: was, after: is }] });
});
