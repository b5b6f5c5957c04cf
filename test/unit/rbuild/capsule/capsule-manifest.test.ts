import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { capsuleManifestText, parseCapsuleManifest } from "../../../../src/rbuild/capsule/capsule-manifest.ts";
import { capsuleManifest } from "../../../support/capsule-manifest.ts";

const digest = digestOf("x");
const member = (path: string) => ({ path, mode: "0644" as const, size: 1, sha256: digest });
const manifest = capsuleManifest([member("README"), member("pool/a"), member("rbuild/x")]);
const read = (value: unknown) => parseCapsuleManifest(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));

test("is read as it was written, and written the same way again", () => {
  const text = capsuleManifestText(manifest);
  expect(read(text)).toEqual(manifest);
  expect(capsuleManifestText(read(text))).toBe(text);
  const known = { ...manifest, artifacts: [{ path: "a.iso", size: 1, digest }] };
  expect(read(capsuleManifestText(known))).toEqual(known);
});

test.for(["../x", "/x", "a/../b", "a//b", ".", "a/.", "a\\b", "a b", "", "ä"])("refuses the member %j", (path) => {
  expect(() => read({ ...manifest, members: [member(path)] })).toThrow(expect.objectContaining({ code: "capsule.invalid" }));
});

test("refuses members that stand twice, out of order, or below a file", () => {
  for (const paths of [
    ["a", "a"],
    ["b", "a"],
    ["a", "a/b"],
  ]) {
    expect(() => read({ ...manifest, members: paths.map(member) })).toThrow(expect.objectContaining({ code: "capsule.invalid" }));
  }
});

test.for(["refs/heads/../x", "refs/heads/a.lock", "refs/heads/a b", "HEAD", "refs/x@{1}"])("refuses the ref %j", (name) => {
  expect(() => read({ ...manifest, tree: { ...manifest.tree, refs: { [name]: "a".repeat(40) } } })).toThrow(
    expect.objectContaining({ code: "capsule.invalid" }),
  );
});

test("refuses anything else with one code", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(() => read(text)).toThrow(expect.objectContaining({ code: "capsule.invalid" }));
    }),
  );
});
