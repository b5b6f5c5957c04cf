import { expect, test } from "vitest";
import {
  asDiffId,
  chainIds,
  DigestHasher,
  debianFromPlatform,
  digestOf,
  parseDigest,
  parseImageConfig,
  parseIndex,
  parseManifest,
  platformFromDebian,
} from "../../../src/oci/index.ts";

const EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

test("hashes bytes and counts them", () => {
  expect(digestOf("")).toBe(EMPTY);
  const hasher = new DigestHasher().update(Buffer.from("a")).update(Buffer.from("bc"));
  expect(hasher.size).toBe(3);
  expect(hasher.digest()).toBe(digestOf("abc"));
});

test.each(["", "sha256:", EMPTY.toUpperCase(), `${EMPTY}0`, `sha512:${"0".repeat(128)}`, `${EMPTY}\n`])("refuses the digest %j", (text) => {
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "oci.invalid" }));
});

test("chain ids follow the image-spec's recursion", () => {
  const [a, b] = [asDiffId(digestOf("a")), asDiffId(digestOf("b"))];
  expect(chainIds([])).toEqual([]);
  expect(chainIds([a, b])).toEqual([a, digestOf(`${a} ${b}`)]);
});

test("every Debian architecture known here has one OCI platform and back", () => {
  for (const debian of ["amd64", "arm64", "armhf", "i386", "ppc64el", "s390x", "riscv64"]) expect(debianFromPlatform(platformFromDebian(debian))).toBe(debian);
});

test("outside JSON is refused by the name of its field", () => {
  const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
  expect(() => parseManifest(Buffer.from("{"))).toThrow(/image manifest: it is not JSON/);
  expect(() => parseManifest(bytes({ schemaVersion: 2, config: { mediaType: "x", digest: "sha256:1", size: 1 }, layers: [] }))).toThrow(/config\.digest/);
  expect(() => parseManifest(bytes({ schemaVersion: 2, config: { mediaType: "x", digest: EMPTY, size: -1 }, layers: [] }))).toThrow(/config\.size/);
  expect(() => parseIndex(bytes({ schemaVersion: 1, manifests: [] }))).toThrow(/schemaVersion/);
  expect(() => parseImageConfig(bytes({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: Array(200).fill(EMPTY) } }))).toThrow(
    /diff_ids/,
  );
});
