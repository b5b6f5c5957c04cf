import { expect, test } from "vitest";
import { type Digest, digestOf } from "../../../../../src/oci/index.ts";
import { isBundlePath } from "../../../../../src/rbuild/repository/bundle/bundle-paths.ts";
import { chooseFiles } from "../../../../../src/rbuild/repository/bundle/choose-bundled.ts";

const digest = (name: string): Digest => digestOf(name);
const hex = (name: string): string => digest(name).slice("sha256:".length);
const plain = (name: string) => ({ path: `blobs/sha256/${hex(name)}`, sha256: digest(name), size: 9 });
const encoded = (name: string, encoding: "gzip" | "zstd") => ({
  encoding,
  path: `encoded/sha256/${hex(`${name} ${encoding}`)}.${encoding === "zstd" ? "zst" : "gz"}`,
  sha256: digest(`${name} ${encoding}`),
  size: 5,
});

test("of each blob the smallest form is taken, and no blob of another image", () => {
  const blobs = [
    { digest: digest("manifest"), size: 9, plain: plain("manifest"), encodings: [] },
    { digest: digest("config"), size: 9, plain: plain("config"), encodings: [] },
    { digest: digest("both"), size: 9, plain: plain("both"), encodings: [encoded("both", "gzip"), encoded("both", "zstd")] },
    { digest: digest("gzip"), size: 9, encodings: [encoded("gzip", "gzip")] },
    { digest: digest("other"), size: 9, plain: plain("other"), encodings: [] },
  ];
  const image = {
    name: "builder",
    version: "1",
    architecture: "amd64",
    channels: ["stable"],
    compatibilityVersion: 2,
    released: "2026-11-21T12:00:00Z",
    manifest: digest("manifest"),
    config: digest("config"),
    layers: [digest("both"), digest("gzip"), digest("both")],
    lock: digest("lock"),
  } as const;
  const pool = [{ path: `pool/sha256/${hex("package").slice(0, 2)}/${hex("package")}`, sha256: digest("package"), size: 9 }];
  const paths = (hasPool: boolean) =>
    chooseFiles({ blobs, locks: [], pool }, [{ ...image, channels: [...image.channels], layers: [...image.layers] }], hasPool).map(({ path }) => path);
  const expected = [plain("manifest"), plain("config"), encoded("both", "zstd"), encoded("gzip", "gzip")].map(({ path }) => path).toSorted();
  expect(paths(false)).toEqual(expected);
  expect(paths(true)).toEqual([...expected, pool[0]!.path].toSorted());
});

test("a bundle has paths of a repository and no others", () => {
  const paths = [
    "current.json",
    "root/1.json",
    "root/12.json.asc",
    "freshness/3.json",
    `index/4.${hex("a")}.json.asc`,
    `blobs/sha256/${hex("a")}`,
    `locks/sha256/${hex("a")}.json`,
  ];
  expect(paths.filter((path) => !isBundlePath(path))).toEqual([]);
  const odd = [
    "",
    "current.json.asc",
    "root/0.json",
    "root/01.json",
    "root/1.json.asc.asc",
    "/root/1.json",
    "./current.json",
    "index/4.json",
    "index/4.AA.json",
    "blobs/sha256/..",
    "lock",
    "current.json\n",
  ];
  expect(odd.filter(isBundlePath)).toEqual([]);
});
