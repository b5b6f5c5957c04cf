import { expect, test } from "vitest";
import { type Digest, digestOf } from "../../../../../src/oci/index.ts";
import { predictBytes } from "../../../../../src/rbuild/repository/fetch/predict-bytes.ts";

const MEGABYTE = 10 ** 6;
const digest = (name: string): Digest => digestOf(name);
const zstd = (name: string, size: number) => {
  const encoded = digest(`${name}.zst`);
  return {
    digest: digest(name),
    size: 4 * size,
    encodings: [{ encoding: "zstd" as const, path: `encoded/sha256/${encoded.slice(7)}.zst`, sha256: encoded, size }],
  };
};
const delta = (from: string, to: string, size: number) => {
  const sha256 = digest(`${from}-${to}`);
  return { path: `deltas/sha256/${sha256.slice(7)}.zst`, sha256, size, method: "zstd-patch-from" as const, from: digest(from), to: digest(to), window: 1024 };
};
const index = { blobs: [zstd("ground", 30 * MEGABYTE), zstd("top", 50 * MEGABYTE)], deltas: [delta("old", "top", 2 * MEGABYTE)] };
const image = { layers: [digest("ground"), digest("top")] } as unknown as Parameters<typeof predictBytes>[0];
const predict = (present: readonly string[], packages?: number, count = 1) =>
  predictBytes(image, new Map(present.map((name) => [digest(name), 1000])), index, packages === undefined ? undefined : { size: packages, count });

test("bytes of each way there is", () => {
  expect(predict([])).toEqual({ way: "full", predicted: { full: 80 * MEGABYTE } });
  expect(predict(["ground"])).toEqual({ way: "full", predicted: { full: 50 * MEGABYTE } });
  expect(predict(["ground", "old"])).toEqual({ way: "delta", predicted: { delta: 2 * MEGABYTE, full: 50 * MEGABYTE } });
  const bundle = { ...index, blobs: [index.blobs[0]!, { ...index.blobs[1]!, encodings: [] }] };
  expect(predictBytes(image, new Map([[digest("old"), 1000]]), bundle, undefined)).toEqual({
    way: "delta",
    predicted: { delta: 32 * MEGABYTE },
  });
});

test("packages only where they are far fewer bytes, for building takes its time", () => {
  expect(predict([], 30 * MEGABYTE)).toMatchObject({ way: "packages", predicted: { full: 80 * MEGABYTE, packages: 30 * MEGABYTE } });
  expect(predict([], 41 * MEGABYTE)).toMatchObject({ way: "full", predicted: { packages: 41 * MEGABYTE } });
  // Each request has its price.
  expect(predict([], 30 * MEGABYTE, 300)).toMatchObject({ way: "full" });
  expect(predict(["ground", "old"], 0, 0)).toMatchObject({ way: "delta", predicted: { packages: 0 } });
  expect(predict(["ground"], 0, 0)).toMatchObject({ way: "packages" });
});
