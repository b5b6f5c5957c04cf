import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import type { RbuildEvent } from "../../../../src/rbuild/events.ts";
import { newBuildId } from "../../../../src/rbuild/iso/life/build-id.ts";
import { lockedItems } from "../../../../src/rbuild/iso/locked/locked-items.ts";
import { openLockedArchive } from "../../../../src/rbuild/iso/locked/open-archive.ts";
import { treeLockText } from "../../../../src/rbuild/iso/locked/tree-lock-text.ts";
import type { LockedPackage } from "../../../../src/rbuild/lock/image-lock.ts";
import { replaceLock } from "../../../../src/rbuild/lock/write-lock.ts";
import { openPool, poolDirectory } from "../../../../src/rbuild/pool/open-pool.ts";
import { pathExists } from "../../../../src/system/index.ts";
import { ARCHIVE, IN_RELEASE, lockedPackage, treeLock } from "../../../unit/rbuild/iso/locked/support.ts";

const packages: readonly LockedPackage[] = [lockedPackage("bash"), lockedPackage("dpkg")];
const lock = treeLock({ packages: [...packages] });

/** A tree with its lock, an empty pool, and a source that has everything. */
async function openLab() {
  const directory = await mkdtemp("/var/tmp/rbuild-locked-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const [tree, stateDirectory, vendored] = [join(directory, "tree"), join(directory, "state"), join(directory, "vendored")];
  await mkdir(tree);
  const places = { path: join(tree, "rbuild.lock.json"), text: treeLockText(lock), beside: join(tree, "rbuild.lock.d") };
  await replaceLock(places, lock.archives, [{ inRelease: Buffer.from(IN_RELEASE), keyring: Buffer.from("keyring") }]);
  const source = await openPool(vendored);
  const pool = await openPool(poolDirectory(stateDirectory));
  const bytes = async function* (name: string) {
    yield Buffer.from(name);
  };
  for (const item of lockedItems(lock)) await source.put(item, bytes(packages.find(({ path }) => path === item.path)?.name ?? ""));
  const events: RbuildEvent[] = [];
  const open = (options: { readonly offline?: boolean } = {}) =>
    openLockedArchive(
      { id: newBuildId(), tree, lock },
      options.offline ? { sources: [], offline: true } : { sources: [{ kind: "directory", path: vendored }] },
      { stateDirectory, report: (event) => events.push(event) },
    );
  return { tree, pool, source, open, events };
}

test("what the pool lacks is fetched; the archive goes when it is closed", async () => {
  const { open } = await openLab();
  let directory: string;
  {
    await using archive = await open();
    ({ directory } = archive);
    expect(await readFile(join(directory, "debian", packages[0]?.path ?? ""), "utf8")).toBe("bash");
    expect(await readFile(join(directory, "debian/dists/bookworm/InRelease"), "utf8")).toBe(IN_RELEASE);
  }
  expect(await pathExists(directory)).toBe(false);
});

test("a file that is damaged in the pool is noticed and fetched again", async () => {
  const { pool, open, events } = await openLab();
  await (await open())[Symbol.asyncDispose]();
  await writeFile(pool.pathOf(digestOf("bash")), "BASH");
  await using archive = await open();
  expect(events).toContainEqual(expect.objectContaining({ kind: "warning.raised", code: "pool.damaged" }));
  expect(await readFile(join(archive.directory, "debian", packages[0]?.path ?? ""), "utf8")).toBe("bash");
});

test("offline, what is missing or damaged is an error that lists it", async () => {
  const { pool, open } = await openLab();
  await expect(open({ offline: true })).rejects.toMatchObject({ code: "pool.missing", details: { count: 2 } });
  await (await open())[Symbol.asyncDispose]();
  await writeFile(pool.pathOf(digestOf("dpkg")), "DPKG");
  await expect(open({ offline: true })).rejects.toMatchObject({ code: "pool.missing", details: { count: 1, items: [{ path: packages[1]?.path }] } });
});

test("an InRelease that is not the kept one is refused", async () => {
  const { tree, open } = await openLab();
  const path = join(tree, "rbuild.lock.d", `debian_bookworm_${ARCHIVE.inRelease.slice("sha256:".length, "sha256:".length + 16)}.InRelease.gz`);
  await writeFile(path, "forged");
  await expect(open()).rejects.toMatchObject({ code: "lock.kept-file-damaged" });
});
