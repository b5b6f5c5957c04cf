import { execFile } from "node:child_process";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { openBundleSource } from "../../../../../src/rbuild/repository/bundle/open-bundle-source.ts";
import { type BundleOptions, writeBundle } from "../../../../../src/rbuild/repository/bundle/write-bundle.ts";
import { openDirectorySource, openTrustStore, updateTrust } from "../../../../../src/rbuild/trust/index.ts";
import { byteString, isRbuildError, type TarHeader, tarHeader, writeTar } from "../../../../../src/system/index.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { openPublishLab, type PublishLab } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

let lab: PublishLab;
beforeAll(async () => {
  lab = await openPublishLab();
  await lab.release("1");
  await lab.publish({ pool: { sources: {}, offline: true } });
  await lab.release("2");
  await lab.publish({ names: ["small"], channel: "testing" });
});
afterAll(() => lab[Symbol.asyncDispose]());

const code = (name: string) => expect.objectContaining({ code: name });
async function bundle(options: Partial<BundleOptions> = {}, now = NOW) {
  const file = join(await scratchDirectory(), "images.tar");
  const dependencies = { roots: await lab.roots(), report: () => undefined, clock: { now: () => now } };
  return { file, outcome: await writeBundle({ file, directory: lab.repository, names: [], channel: "stable", ...options }, dependencies) };
}

test("a bundle verifies by itself, and has every file of the images that are named", async () => {
  const { file, outcome } = await bundle({ names: [{ name: "small", version: "2" }], hasPool: true });
  expect(outcome).toMatchObject({ index: 2, images: [{ name: "small", version: "2" }], digest: digestOf(await readFile(file)) });
  await using source = await openBundleSource(file);
  const roots = await lab.roots();
  await using store = await openTrustStore(await scratchDirectory(), roots[0]!.digest);
  const verdict = await updateTrust({ checkout: roots.slice(0, 1), repository: source.metadata, store, clock: { now: () => NOW } });
  if (verdict.kind !== "current") throw new Error(JSON.stringify(verdict));
  const { index } = verdict;
  const image = index.images.find(({ version }) => version === "2")!;
  const files = index.blobs
    .filter(({ digest }) => [image.manifest, image.config, ...image.layers].includes(digest))
    .map(({ plain, encodings }) => plain ?? encodings[0]!);
  expect(files).toHaveLength(4);
  for (const { path, sha256, size } of [...files, ...index.locks, ...index.pool]) {
    expect(source.sizeOf(path)).toBe(size);
    const bytes = Buffer.concat(await Array.fromAsync(source.read(path)));
    expect(digestOf(bytes)).toBe(sha256);
    expect(Buffer.concat(await Array.fromAsync(source.read(path, { offset: 100 })))).toEqual(bytes.subarray(100));
  }
  const other = index.blobs.find(({ digest }) => digest === index.images.find(({ version, name }) => name === "small" && version === "1")!.config)!;
  expect(source.sizeOf(other.plain!.path)).toBeUndefined();
  await expect(Array.fromAsync(source.read(other.plain!.path))).rejects.toThrow(code("repository.not-in-bundle"));
  expect(await source.metadata.read(image.name, 10)).toEqual({ kind: "absent" });
  expect(await source.metadata.read("current.json", 10)).toEqual({ kind: "too-large" });
});

test("the same state gives the same bytes, and tar unpacks a repository", async () => {
  const [one, two] = [await bundle(), await bundle()];
  expect(await readFile(one.file)).toEqual(await readFile(two.file));
  const directory = await scratchDirectory();
  await promisify(execFile)("tar", ["-xf", one.file, "-C", directory]);
  const roots = await lab.roots();
  await using store = await openTrustStore(await scratchDirectory(), roots[0]!.digest);
  expect(await updateTrust({ checkout: roots, repository: openDirectorySource(directory), store, clock: { now: () => NOW } })).toMatchObject({
    kind: "current",
  });
  expect(one.outcome.images.map(({ name, version }) => [name, version])).toEqual([
    ["ground", "1"],
    ["small", "1"],
  ]);
});

test("what is not there, damaged or refused is not bundled", async () => {
  await expect(bundle({ names: [{ name: "large" }] })).rejects.toThrow(code("repository.no-such-image"));
  await expect(bundle({ names: [{ name: "ground" }], channel: "testing" })).rejects.toThrow(code("repository.no-such-image"));
  await expect(bundle({}, new Date("2020-01-01"))).rejects.toThrow(code("trust.clock-behind"));
  await expect(bundle({ directory: await scratchDirectory() })).rejects.toThrow(code("trust.missing-file"));
  const { file } = await bundle();
  const names = (await promisify(execFile)("tar", ["-tf", file])).stdout.split("\n");
  const path = names.find((name) => name.startsWith("encoded/"))!;
  const bytes = await readFile(join(lab.repository, path));
  for (const damaged of [Buffer.concat([bytes, bytes]), bytes.subarray(1), Buffer.from(bytes.map((byte, index) => (index === 9 ? byte ^ 1 : byte)))]) {
    await writeFile(join(lab.repository, path), damaged);
    await expect(bundle()).rejects.toThrow(code("repository.damaged"));
  }
  await writeFile(join(lab.repository, path), bytes);
});

const member = (path: string, fields: Partial<TarHeader> = {}, body = "") => ({
  ...tarHeader({ path: byteString(path), kind: "file", mode: 0o644, size: body.length, ...fields }),
  body: [Buffer.from(body)],
});

test.each<[string, readonly ReturnType<typeof member>[]]>([
  ["a path that climbs out", [member("../current.json")]],
  ["an absolute path", [member("/etc/passwd")]],
  ["a path that no repository has", [member("current.json.bak")]],
  ["a path that is too long for its header", [member(`index/1.${"0".repeat(64)}.json${"/x".repeat(40)}`)]],
  ["a link", [member("current.json", { kind: "symlink", linkPath: byteString("/etc/passwd"), size: 0 })]],
  ["a hard link", [member("current.json", { kind: "hardlink", linkPath: byteString("root/1.json"), size: 0 })]],
  ["a directory", [member("root/1.json", { kind: "directory", size: 0 })]],
  ["a device", [member("current.json", { kind: "character-device", size: 0, device: { major: 1, minor: 3 } })]],
  ["one file twice", [member("current.json"), member("current.json")]],
])("a tar with %s is no bundle", async (_what, members) => {
  const file = join(await scratchDirectory(), "bundle.tar");
  await writeFile(file, Buffer.concat(await Array.fromAsync(writeTar(members))));
  await expect(openBundleSource(file)).rejects.toThrow(code("repository.bundle-damaged"));
});

test("a bundle that was cut or changed is refused, or what it has is another", async () => {
  const { file } = await bundle();
  const whole = await readFile(file);
  const copy = join(await scratchDirectory(), "bundle.tar");
  await expect(openBundleSource(join(copy, "nothing"))).rejects.toThrow(code("repository.bundle-not-found"));
  await expect(openBundleSource("/dev/null")).rejects.toThrow(code("repository.bundle-not-found"));
  for (const length of [0, 1, 511, 512, 700, whole.byteLength - 1024, whole.byteLength - 2000]) {
    await writeFile(copy, whole);
    await truncate(copy, length);
    await expect(openBundleSource(copy)).rejects.toThrow(code("repository.bundle-damaged"));
  }
  const edits = fc.array(fc.tuple(fc.nat({ max: 4000 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(edits, async (changes) => {
      const bytes = Buffer.from(whole.subarray(0, 64 * 1024));
      for (const [position, value] of changes) bytes[position] = value;
      await writeFile(copy, Buffer.concat([bytes, whole.subarray(64 * 1024)]));
      try {
        await using source = await openBundleSource(copy);
        expect((await source.metadata.read("root/1.json", 1024 * 1024)).kind).toMatch(/absent|bytes/);
      } catch (error) {
        expect(isRbuildError(error, "repository.bundle-damaged")).toBe(true);
      }
    }),
    { numRuns: fuzzRuns(100, 0.1) },
  );
});
