import { execFile } from "node:child_process";
import { cp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { applyDelta } from "../../../../../src/rbuild/repository/delta/delta.ts";
import type { RepositoryIndex } from "../../../../../src/rbuild/trust/format/index-file.ts";
import { openDirectorySource, openTrustStore, updateTrust } from "../../../../../src/rbuild/trust/index.ts";
import { pathExists } from "../../../../../src/system/index.ts";
import { listFiles, openPublishLab, type PublishLab, writeRoot } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW, testKey } from "../../../../support/trust/test-keys.ts";

const DAY = 86_400_000;
let lab: PublishLab;
beforeEach(async () => {
  lab = await openPublishLab();
  onTestFinished(() => lab[Symbol.asyncDispose]());
  await lab.release("1");
});

/** What a client that knows the first root alone finds in a directory. */
async function ask(directory = lab.repository): Promise<{ readonly kind: string; readonly index: RepositoryIndex }> {
  const roots = await lab.roots();
  await using store = await openTrustStore(await scratchDirectory(), roots[0]!.digest);
  const verdict = await updateTrust({ checkout: roots.slice(0, 1), repository: openDirectorySource(directory), store, clock: { now: () => NOW } });
  if (verdict.kind === "refused") throw new Error(`${verdict.code}: ${verdict.message}`);
  return verdict;
}

const gunzip = async (command: string, file: string) =>
  (await promisify(execFile)(command, ["-d", "-q", "-c", file], { encoding: "buffer", maxBuffer: 2 ** 26 })).stdout;
const at = (path: string) => join(lab.repository, path);
const code = (name: string) => expect.objectContaining({ code: name });

test("what is published can be copied anywhere, and every file of it is what the index says", async () => {
  const outcome = await lab.publish({ encodings: { gzip: true, plain: true } });
  expect(outcome).toMatchObject({ kind: "published", index: 1, freshness: 1, until: "2026-12-05T12:00:00Z", retired: [], removed: [] });
  const copy = join(await scratchDirectory(), "copy");
  await cp(lab.repository, copy, { recursive: true });
  const { kind, index } = await ask(copy);
  expect(kind).toBe("current");
  expect(index.images.map(({ name, version, channels }) => [name, version, channels])).toEqual([
    ["ground", "1", ["stable"]],
    ["small", "1", ["stable"]],
  ]);
  for (const { digest, size, plain, encodings } of index.blobs) {
    const bytes = await readFile(join(copy, plain!.path));
    expect([digestOf(bytes), bytes.byteLength]).toEqual([digest, size]);
    for (const { encoding, path, sha256, size: encoded } of encodings) {
      const file = await readFile(join(copy, path));
      expect([digestOf(file), file.byteLength]).toEqual([sha256, encoded]);
      expect(digestOf(await gunzip(encoding, join(copy, path)))).toBe(digest);
    }
  }
  for (const { path, sha256 } of index.locks) expect(digestOf(await readFile(join(copy, path)))).toBe(sha256);
  expect(index.blobs.filter(({ encodings }) => encodings.length === 2)).toHaveLength(2);
});

test("with nothing new nothing is written, and neither engine nor key is asked for", async () => {
  await lab.publish();
  const before = await listFiles(lab.repository);
  const nobody = async () => expect.fail("was asked for");
  expect(await lab.publish({ keep: 5 }, { openHost: nobody, openSigners: nobody })).toMatchObject({ kind: "unchanged", written: [], removed: [], index: 1 });
  expect(await lab.publish({ verify: true }, { openHost: nobody, openSigners: nobody })).toMatchObject({ kind: "unchanged" });
  expect(await listFiles(lab.repository)).toEqual(before);
});

test("a second version comes with deltas, and leaves alone what is there", async () => {
  await lab.publish();
  const before = await listFiles(lab.repository);
  await lab.release("2");
  const outcome = await lab.publish();
  expect(outcome).toMatchObject({
    kind: "published",
    index: 2,
    freshness: 2,
    images: [
      { name: "ground", state: "present" },
      { name: "small", state: "new" },
    ],
  });
  const after = await listFiles(lab.repository);
  for (const [path, file] of before) if (path !== "current.json") expect(after.get(path), path).toBe(file);
  const { index } = await ask();
  expect(index.images.find(({ version }) => version === "2")?.channels).toEqual(["stable"]);
  const [delta] = index.deltas;
  expect(index.deltas).toHaveLength(1);
  expect(delta!.size).toBeLessThan(5000);
  const from = index.blobs.find(({ digest }) => digest === delta!.from)!;
  const to = index.blobs.find(({ digest }) => digest === delta!.to)!;
  const work = await scratchDirectory();
  await writeFile(join(work, "from"), await gunzip("zstd", at(from.encodings[0]!.path)));
  await applyDelta({
    from: { path: join(work, "from"), digest: from.digest, size: from.size },
    delta: { path: at(delta!.path), size: delta!.size, sha256: delta!.sha256 },
    expected: { digest: to.digest, size: to.size },
    output: join(work, "to"),
  });
  expect(digestOf(await readFile(join(work, "to")))).toBe(to.digest);
});

test("a damaged config of an earlier version costs the deltas from it, and no more", async () => {
  await lab.publish();
  const { config } = (await ask()).index.images.find(({ name }) => name === "small")!;
  await writeFile(at(`blobs/sha256/${digestHex(config)}`), "{}");
  await lab.release("2");
  expect(await lab.publish({ names: ["small"] })).toMatchObject({ kind: "published", images: [{ state: "new" }], deltas: [] });
});

test("the lesser key renews the freshness alone; what ends soon is renewed by itself", async () => {
  await lab.publish();
  const before = await listFiles(lab.repository);
  const onlyCron = async () => [lab.cron.signer];
  expect(await lab.publish({ renew: true }, { openSigners: onlyCron })).toMatchObject({ kind: "renewed", index: 1, freshness: 2 });
  const after = await listFiles(lab.repository);
  expect([...after.keys()].filter((path) => !before.has(path))).toEqual(["freshness/2.json", "freshness/2.json.asc"]);
  await lab.publish({ renew: true }, { openSigners: onlyCron });
  expect([...(await listFiles(lab.repository)).keys()].filter((path) => path.startsWith("freshness/") && path.endsWith("json"))).toEqual([
    "freshness/2.json",
    "freshness/3.json",
  ]);
  const later = { now: () => new Date(NOW.getTime() + 12 * DAY) };
  expect(await lab.publish({}, { clock: later, openSigners: onlyCron })).toMatchObject({ kind: "renewed", freshness: 4 });
  expect([(await lab.plan({ renew: true })).would, (await lab.plan()).would]).toEqual(["renew", "nothing"]);
  const first = { directory: at("other"), renew: true };
  await expect(lab.publish(first)).rejects.toThrow(code("repository.nothing-published"));
  await expect(lab.plan(first)).rejects.toThrow(code("repository.nothing-published"));
});

test("versions move between channels, and go by rule; their files go one publication later", async () => {
  await lab.publish({ names: ["small"], channel: "testing" });
  await lab.publish({ promotions: [{ name: "small", version: "1", channel: "stable" }] });
  expect((await ask()).index.images.map(({ channels }) => channels)).toEqual([["stable", "testing"]]);
  const first = (await ask()).index;
  const ofFirst = at(first.blobs.find(({ digest }) => digest === first.images[0]!.layers[1])!.encodings[0]!.path);
  await lab.release("2");
  await lab.publish({ names: ["small"], channel: "stable", keep: 1 });
  await lab.release("3");
  expect(await lab.publish({ names: ["small"], channel: "testing", keep: 1 })).toMatchObject({ retired: [{ version: "1" }], removed: [] });
  expect(await pathExists(ofFirst)).toBe(true);
  const outcome = await lab.publish({ promotions: [{ name: "small", version: "3", channel: "stable" }], keep: 1 });
  expect(outcome.retired).toMatchObject([{ version: "2" }]);
  expect(await pathExists(ofFirst)).toBe(false);
  expect(outcome.removed.map(({ path }) => at(path))).toContain(ofFirst);
  expect((await ask()).index.images.map(({ version }) => version)).toEqual(["3"]);
  await expect(lab.publish({ promotions: [{ name: "small", version: "9", channel: "stable" }] })).rejects.toThrow(code("repository.no-such-version"));
});

test("what would be believed for too short a time is not published", async () => {
  await expect(lab.publish({ life: { freshness: 2, index: 180, atLeast: 3 } })).rejects.toThrow(code("repository.too-little-freshness"));
  await expect(lab.publish({ life: { freshness: 14, index: 180, atLeast: 14 } })).resolves.toMatchObject({ kind: "published" });
  const nearTheRootsEnd = { now: () => new Date(NOW.getTime() + 299 * DAY) };
  await expect(lab.publish({ renew: true }, { clock: nearTheRootsEnd })).rejects.toThrow(code("repository.too-little-freshness"));
  expect((await ask()).kind).toBe("current");
  const ending = await testKey("ending", { days: 328 });
  await writeRoot(lab.keys, lab.owner, { root: lab.owner, publisher: ending, freshness: lab.cron });
  const both = async () => [ending.signer, lab.cron.signer];
  const asked = lab.publish({ life: { freshness: 14, index: 180, atLeast: 7 } }, { openSigners: both });
  await expect(asked).rejects.toThrow(
    expect.objectContaining({ code: "repository.too-little-freshness", details: expect.objectContaining({ what: `the key ${ending.fingerprint}` }) }),
  );
  expect(await lab.publish({}, { openSigners: both })).toMatchObject({ kind: "published", until: "2026-11-25T00:00:00Z" });
});

describe("refused, with nothing changed:", () => {
  test("images that are not the pinned ones", async () => {
    await lab.publish();
    const before = await listFiles(lab.repository);
    await lab.release("2");
    const pin = join(lab.images.directory, "images/small/image.pin.json");
    const text = await readFile(pin, "utf8");
    await lab.images.docker.getImage("rbuild/ground:1").tag({ repo: "rbuild/small", tag: "2" });
    await expect(lab.publish()).rejects.toThrow(code("image.pin-mismatch"));
    await lab.images.docker.getImage("rbuild/small:2").remove();
    for (const field of ["digest", "imageId"]) {
      await writeFile(pin, text.replace(new RegExp(`"${field}": "[^"]*"`), `"${field}": "sha256:${"0".repeat(64)}"`));
      await expect(lab.publish()).rejects.toThrow(expect.objectContaining({ category: "refused" }));
    }
    await writeFile(pin, text);
    await lab.images.docker.getImage((JSON.parse(text) as { readonly imageId: string }).imageId).remove({ force: true });
    await expect(lab.publish()).rejects.toThrow(code("repository.image-absent"));
    await writeFile(pin, text.replace('"version": "2"', '"version": "1"'));
    await expect(lab.publish()).rejects.toThrow(code("image.unpinned"));
    await writeFile(pin, text);
    const image = join(lab.images.directory, "images/small/image.yaml");
    await writeFile(image, (await readFile(image, "utf8")).replace('"version":"2"', '"version":"1"'));
    await writeFile(pin, text.replace('"version": "2"', '"version": "1"'));
    await expect(lab.publish()).rejects.toThrow(code("repository.version-taken"));
    expect(await listFiles(lab.repository)).toEqual(before);
  });

  test("signers that do not suffice", async () => {
    await expect(lab.publish({}, { openSigners: async () => [lab.cron.signer] })).rejects.toThrow(code("repository.too-few-signers"));
    await expect(lab.publish({}, { openSigners: async () => [lab.publisher.signer] })).rejects.toThrow(code("repository.too-few-signers"));
    expect(await pathExists(at("current.json"))).toBe(false);
  });

  test("a directory that is something else, another checkout's, or in use", async () => {
    const other = await scratchDirectory();
    await writeFile(join(other, "thesis.txt"), "");
    await expect(lab.publish({ directory: other })).rejects.toThrow(code("repository.not-empty"));
    await lab.publish();
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<never>();
    const slow = lab.publish({ renew: true }, { openSigners: async () => (asked.resolve(), held.promise) });
    slow.catch(() => undefined);
    await asked.promise;
    await expect(lab.publish()).rejects.toThrow(code("repository.busy"));
    held.reject(new Error("enough"));
    await expect(slow).rejects.toThrow("enough");
    await rm(join(lab.keys, "root"), { recursive: true });
    const stranger = await testKey("stranger");
    const roles = { root: stranger, publisher: lab.publisher, freshness: lab.cron };
    await writeRoot(lab.keys, stranger, roles);
    await expect(lab.publish()).rejects.toThrow(/trust\.|root/);
    expect(await listFiles(lab.repository)).toSatisfy((files: Map<string, string>) => files.has("current.json"));
  });
});

test("files that are gone or damaged are put back", async () => {
  await lab.publish();
  const { index } = await ask();
  const blob = index.blobs.find(({ encodings }) => encodings.length > 0)!;
  const config = index.blobs.find(({ digest }) => digest === index.images[0]!.config)!;
  await truncate(at(blob.encodings[0]!.path), 10);
  await rm(at(config.plain!.path));
  expect(await lab.publish()).toMatchObject({ kind: "repaired", index: 1 });
  expect(digestOf(await gunzip("zstd", at(blob.encodings[0]!.path)))).toBe(blob.digest);
  const bytes = await readFile(at(config.plain!.path));
  bytes[3] = bytes[3]! ^ 1;
  await writeFile(at(config.plain!.path), bytes);
  expect(await lab.publish()).toMatchObject({ kind: "unchanged" });
  expect(await lab.publish({ verify: true })).toMatchObject({ kind: "repaired" });
  expect(digestOf(await readFile(at(config.plain!.path)))).toBe(config.digest);
});

test("after a rotation the new keys publish, and clients of the first root follow", async () => {
  await lab.publish();
  const [publisher, cron] = await Promise.all([testKey("publisher-2"), testKey("cron-2")]);
  await writeRoot(lab.keys, lab.owner, { root: lab.owner, publisher, freshness: cron });
  await expect(lab.publish()).rejects.toThrow(code("repository.too-few-signers"));
  await expect(lab.publish({ renew: true }, { openSigners: async () => [cron.signer] })).rejects.toThrow(code("trust.unknown-key"));
  expect((await ask()).index.version).toBe(1);
  expect(await lab.publish({}, { openSigners: async () => [publisher.signer, cron.signer] })).toMatchObject({ kind: "published", index: 2 });
  expect(await ask()).toMatchObject({ kind: "current", index: { version: 2 } });
  expect(await lab.publish({}, { openSigners: async () => expect.fail("was asked for") })).toMatchObject({ kind: "unchanged" });
});

test("packages come along when they are wanted, as a pool that others can use", async () => {
  const outcome = await lab.publish({ pool: { sources: {}, offline: true } });
  const { index } = await ask();
  expect(index.pool).toHaveLength(2);
  for (const { path, sha256 } of index.pool) expect(digestOf(await readFile(at(path)))).toBe(sha256);
  expect(outcome.kind).toBe("published");
  expect(await lab.publish({ pool: { sources: {}, offline: true } })).toMatchObject({ kind: "unchanged" });
  expect(await lab.publish()).toMatchObject({ kind: "unchanged" });
});
