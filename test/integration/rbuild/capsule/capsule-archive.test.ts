import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { fileSource, textSource, writeCapsule } from "../../../../src/rbuild/capsule/capsule-archive.ts";
import { unpackCapsule } from "../../../../src/rbuild/capsule/unpack-capsule.ts";
import { verifyUnpacked } from "../../../../src/rbuild/capsule/verify-unpacked.ts";
import { run } from "../../../../src/system/index.ts";
import { capsuleManifest } from "../../../support/capsule-manifest.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

let directory: string;
beforeEach(async () => {
  directory = await scratchDirectory();
});

async function small(name = "small.tar") {
  const big = join(directory, "big");
  await writeFile(big, Buffer.alloc(3_000_000, "b"));
  const sources = [textSource("README", "read me\n"), textSource("build", "#!/bin/sh\n", "0755"), textSource("empty", ""), await fileSource("pool/big", big)];
  const path = join(directory, name);
  return { path, ...(await writeCapsule(path, capsuleManifest(sources), sources)), sources };
}

const unpack = async (path: string, into = "unpacked") => {
  await mkdir(join(directory, into));
  return unpackCapsule(
    (async function* () {
      yield await readFile(path);
    })(),
    join(directory, into),
  );
};

test("has the same bytes twice, whatever the files' times, modes and owners are", async () => {
  const first = await small();
  await chmod(join(directory, "big"), 0o600);
  const second = await small("again.tar");
  expect(second.digest).toBe(first.digest);
  expect(digestOf(await readFile(first.path))).toBe(first.digest);
});

test("is unpacked by tar, and verified as it lies there", async () => {
  const { path } = await small();
  await run("tar", ["-xf", path, "-C", directory]);
  expect((await stat(join(directory, "capsule/build"))).mode & 0o111).not.toBe(0);
  expect(await verifyUnpacked(join(directory, "capsule"))).toMatchObject({ kind: "org.rbuild.capsule" });
  const { stdout } = await run("tar", ["--list", "--verbose", "--numeric-owner", "--file", path]);
  expect(stdout.split("\n")[0]).toMatch(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 capsule\/capsule\.json$/);
});

test("is unpacked and verified on the way", async () => {
  const { path } = await small();
  await unpack(path);
  expect(await readFile(join(directory, "unpacked/README"), "utf8")).toBe("read me\n");
  await verifyUnpacked(join(directory, "unpacked"));
});

test("is not unpacked any further than to what is wrong", async () => {
  const { path, sources } = await small();
  const bytes = await readFile(path);
  await writeFile(path, Buffer.from(bytes.toString("latin1").replace("read me", "read ME"), "latin1"));
  await expect(unpack(path)).rejects.toMatchObject({ code: "capsule.damaged", details: { path: "README" } });
  await expect(stat(join(directory, "unpacked/build"))).rejects.toMatchObject({ code: "ENOENT" });

  await writeFile(path, bytes.subarray(0, bytes.length - 2_000_000));
  await expect(unpack(path, "cut")).rejects.toMatchObject({ code: "capsule.invalid" });

  await writeCapsule(path, capsuleManifest(sources.slice(1)), sources);
  await expect(unpack(path, "more")).rejects.toMatchObject({ code: "capsule.damaged" });
  await writeCapsule(path, capsuleManifest(sources), sources.slice(0, 3));
  await expect(unpack(path, "fewer")).rejects.toMatchObject({ code: "capsule.damaged", details: { path: "pool/big" } });
  await writeCapsule(path, capsuleManifest(sources.slice(0, 3)), sources);
  await expect(unpack(path, "behind")).rejects.toMatchObject({ code: "capsule.invalid" });

  await run("tar", ["-cf", path, "-C", directory, "big"]);
  await expect(unpack(path, "other")).rejects.toMatchObject({ code: "capsule.invalid" });
});

test("says which member of an unpacked one is not what it must be", async () => {
  const { path } = await small();
  const root = join(directory, "unpacked");
  await unpack(path);
  const refused = (member: string) => expect(verifyUnpacked(root)).rejects.toMatchObject({ code: "capsule.damaged", details: { path: member } });
  await chmod(join(root, "build"), 0o644);
  await refused("build");
  await chmod(join(root, "build"), 0o755);
  await rename(join(root, "pool"), join(directory, "elsewhere"));
  await symlink(join(directory, "elsewhere"), join(root, "pool"));
  await refused("pool/big");
  await rm(join(root, "README"));
  await symlink(join(root, "build"), join(root, "README"));
  await refused("README");
});

test("leaves the old file when a member is not as long as announced", async () => {
  const { path, digest: old, sources } = await small();
  const broken = sources.map((source) => (source.path === "pool/big" ? { ...source, size: 5 } : source));
  await expect(writeCapsule(path, capsuleManifest(broken), broken)).rejects.toMatchObject({ code: "tar.size-mismatch" });
  expect(digestOf(await readFile(path))).toBe(old);
});

test("whatever byte is changed, what comes out is what the manifest says, or it is refused by its code", async () => {
  const sources = [textSource("README", "read me\n"), textSource("build", "#!/bin/sh\n", "0755"), textSource("pool/a", "a".repeat(700))];
  const path = join(directory, "tiny.tar");
  await writeCapsule(path, capsuleManifest(sources), sources);
  const bytes = await readFile(path);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const root = join(directory, `run-${run++}`);
      await mkdir(root);
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ change;
      const unpacked = unpackCapsule(Readable.from([changed]), root).then(
        () => verifyUnpacked(root),
        (error: unknown) => expect(error).toMatchObject({ code: expect.stringMatching(/^capsule\.(?:invalid|damaged)$/) }),
      );
      await unpacked;
      const made = await readdir(directory, { recursive: true });
      expect(made.filter((name) => !/^(?:tiny\.tar|run-\d+(?:\/(?:capsule\.json|README|build|pool(?:\/a)?))?)$/.test(name))).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
