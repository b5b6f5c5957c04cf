import { expect, test } from "vitest";
import type { Digest } from "../../../../src/oci/index.ts";
import { matchArtifacts } from "../../../../src/rbuild/iso/export/find-artifacts.ts";
import { parsePackages } from "../../../../src/rbuild/iso/export/packages.ts";
import { checksumsText } from "../../../../src/rbuild/iso/export/stage-artifacts.ts";

const files = ["a.iso", "a.packages", "build.log", "sub/b.iso", "x\ny.iso"].map((path) => ({ path, size: 1 }));
const match = (...patterns: string[]) => matchArtifacts(files, patterns).map(({ path }) => path);

test("patterns name files at their depth", () => {
  expect(match("a.*")).toEqual(["a.iso", "a.packages"]);
  expect(match("sub/*.iso")).toEqual(["sub/b.iso"]);
  expect(match("a.iso", "sub/**")).toEqual(["a.iso", "sub/b.iso"]);
});

test("a pattern without a file, a reserved name and an unspeakable name are errors", () => {
  expect(() => match("a.iso", "*.img")).toThrow(
    expect.objectContaining({ code: "iso.no-artifacts", details: expect.objectContaining({ patterns: ["*.img"] }) }),
  );
  expect(() => match("*.log")).toThrow(expect.objectContaining({ code: "iso.artifact-name" }));
  expect(() => match("*.iso")).toThrow(expect.objectContaining({ code: "iso.artifact-name" }));
});

test("reads what dpkg-query and live-build print", () => {
  expect(parsePackages("zlib1g:amd64\t1:1.2.13\nbash 5.2-1 amd64\n# no\n\nlibc6\t2.36-9+deb12u4\n")).toEqual([
    { name: "bash", version: "5.2-1", architecture: "amd64" },
    { name: "libc6", version: "2.36-9+deb12u4" },
    { name: "zlib1g", version: "1:1.2.13", architecture: "amd64" },
  ]);
});

test("checksums are what sha256sum reads", () => {
  expect(checksumsText([{ path: "a.iso", size: 1, digest: `sha256:${"0".repeat(64)}` as Digest }])).toBe(`${"0".repeat(64)}  a.iso\n`);
});
