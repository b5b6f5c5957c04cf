import { expect, test } from "vitest";
import { digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { resolveFetched, type SignedSuite } from "../../../../../src/rbuild/iso/locked/resolve-fetched.ts";
import { ARCHIVE, lockedPackage } from "./support.ts";

const packages = [lockedPackage("zlib"), lockedPackage("bash")];
const index = { size: 9, sha256: digestOf("index") };
const suite: SignedSuite = {
  archive: ARCHIVE,
  files: new Map([
    ["main/binary-amd64/Packages.xz", index],
    ["main/i18n/Translation-en.xz", { size: 3, sha256: digestOf("en") }],
  ]),
  packageAt: (path) => packages.find((each) => each.path === path),
};
const byHash = `dists/bookworm/main/binary-amd64/by-hash/SHA256/${digestHex(index.sha256)}`;

test("packages come from the signed index, index files by either of their names, in the order of bytes", () => {
  const served = ["dists/bookworm/InRelease", byHash, "dists/bookworm/main/binary-amd64/Packages.xz", ...packages.map(({ path }) => path)];
  const locked = resolveFetched(
    served.map((path) => `debian/${path}`),
    [suite],
  );
  expect(locked.packages.map(({ name }) => name)).toEqual(["bash", "zlib"]);
  expect(locked.archives).toEqual([{ ...ARCHIVE, indexes: [{ path: "dists/bookworm/main/binary-amd64/Packages.xz", ...index }] }]);
});

test("what no signed index names is an error that lists it; a mirror's own log is not looked at", () => {
  const strange = ["debian/pool/main/x/x_1_amd64.deb", "debian/dists/sid/InRelease", "debian/dists/bookworm/Release"];
  expect(() => resolveFetched(["debian/project/trace/master", "debian/", ...strange], [suite])).toThrow(
    expect.objectContaining({ code: "lock.not-in-index", details: { paths: strange } }),
  );
  const wrongPlace = `debian/dists/bookworm/main/i18n/by-hash/SHA256/${digestHex(index.sha256)}`;
  expect(() => resolveFetched([wrongPlace], [suite])).toThrow(expect.objectContaining({ code: "lock.not-in-index" }));
});

test("two suites of one archive are told apart", () => {
  const updates: SignedSuite = { ...suite, archive: { ...ARCHIVE, suite: "bookworm-updates" }, packageAt: () => undefined };
  const { archives } = resolveFetched(["debian/dists/bookworm-updates/main/i18n/Translation-en.xz", `debian/${packages[0]?.path}`], [suite, updates]);
  expect(archives.map(({ suite: name, indexes }) => [name, indexes.map(({ path }) => path)])).toEqual([
    ["bookworm", []],
    ["bookworm-updates", ["dists/bookworm-updates/main/i18n/Translation-en.xz"]],
  ]);
});
