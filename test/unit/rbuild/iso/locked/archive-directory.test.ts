import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { makeArchiveDirectory } from "../../../../../src/rbuild/iso/locked/archive-directory.ts";
import { lockedItems } from "../../../../../src/rbuild/iso/locked/locked-items.ts";
import { openPool } from "../../../../../src/rbuild/pool/open-pool.ts";
import { ARCHIVE, IN_RELEASE, lockedPackage, treeLock } from "./support.ts";

const INDEX = { path: "dists/bookworm/main/binary-amd64/Packages.xz", size: 5, sha256: digestOf("index") };
const lock = treeLock({ archives: [{ ...ARCHIVE, indexes: [INDEX] }], packages: [lockedPackage("bash"), lockedPackage("dpkg")] });

async function lab() {
  const directory = await mkdtemp("/tmp/rbuild-archive-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const pool = await openPool(join(directory, "pool"));
  const contents = new Map([INDEX.path, ...lock.packages.map(({ path }) => path)].map((path, index) => [path, ["index", "bash", "dpkg"][index] ?? ""]));
  for (const item of lockedItems(lock)) await pool.put(item, [Buffer.from(contents.get(item.path) ?? "")] as unknown as AsyncIterable<Uint8Array>);
  const archive = join(directory, "archive");
  return { pool, archive, make: () => makeArchiveDirectory(lock, { inReleases: [Buffer.from(IN_RELEASE)], pool, directory: archive }) };
}

test("the archive has the locked files under all their names and nothing else", async () => {
  const { archive, make } = await lab();
  await make();
  const names = (await readdir(join(archive, "debian"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name).slice(archive.length + 1)).sort();
  const hashed = `debian/dists/bookworm/main/binary-amd64/by-hash/SHA256/${digestHex(INDEX.sha256)}`;
  expect(paths).toEqual(["debian/dists/bookworm/InRelease", `debian/${INDEX.path}`, hashed, ...lock.packages.map(({ path }) => `debian/${path}`)].sort());
  expect(await readFile(join(archive, "debian/dists/bookworm/InRelease"), "utf8")).toBe(IN_RELEASE);
  expect(await readFile(join(archive, hashed), "utf8")).toBe("index");
});

test("a file that is damaged in the pool, or not there, is noticed", async () => {
  const { pool, make } = await lab();
  await writeFile(pool.pathOf(lock.packages[0]?.sha256 ?? INDEX.sha256), "bash".toUpperCase());
  await expect(make()).rejects.toMatchObject({ code: "pool.damaged" });
  await rm(pool.pathOf(INDEX.sha256));
  await expect(make()).rejects.toMatchObject({ code: "pool.missing" });
});
