import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { applyIsoDelta } from "../../../../src/rbuild/iso-delta/apply-iso-delta.ts";
import { makeIsoDelta } from "../../../../src/rbuild/iso-delta/make-iso-delta.ts";
import type { MetadataValue } from "../../../../src/rbuild/trust/format/canonical.ts";
import { frame, rleBlock, windowDescriptor } from "../../../support/delta/frames.ts";
import { joinParts, packRecipe, readParts } from "../../../support/iso-delta/forge.ts";
import { smallIso } from "../../../support/iso-delta/small-isos.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const GIB = 2 ** 30;

/** Two ISOs, the delta between them, and a client that is given other deltas; whatever happens, nothing of them remains. */
async function lab() {
  const directory = await scratchDirectory();
  const [from, to] = [await smallIso(join(directory, "1.iso"), 1), await smallIso(join(directory, "2.iso"), 2)];
  const delta = join(directory, "delta");
  await makeIsoDelta({ from: from.path, to: to.path, output: delta }, { level: 1 });
  const parts = await readParts(delta);
  const [before, output] = [await readdir(directory), join(directory, "out")];
  const apply = async (bytes: Uint8Array, options = {}, base = from.path) => {
    await writeFile(delta, bytes);
    return applyIsoDelta({ from: base, delta, output, expected: to.digest }, options);
  };
  const forge = (fields: Readonly<Record<string, MetadataValue>>) => joinParts({ ...parts, recipe: { ...parts.recipe, ...fields } });
  onTestFinished(async () => expect(await readdir(directory)).toEqual(before));
  return { directory, from, to, delta, parts, bytes: await readFile(delta), apply, forge };
}

const refusedAs = (...codes: string[]) => expect.objectContaining({ code: expect.stringMatching(new RegExp(`^delta\\.(?:${codes.join("|")})$`)) }) as Error;
const strings = (value: unknown) => value as readonly string[];

test("wrong base: other bytes, another size, a directory", async () => {
  const { directory, from, to, bytes, apply } = await lab();
  const other = await readFile(from.path);
  other.writeUInt8(other.readUInt8(70_000) ^ 1, 70_000);
  const path = join(directory, "1.iso.tree", "other");
  await writeFile(path, other);
  await expect(apply(bytes, {}, path)).rejects.toEqual(refusedAs("wrong-base"));
  await appendFile(path, "more");
  await expect(apply(bytes, {}, path)).rejects.toEqual(refusedAs("wrong-base"));
  await expect(apply(bytes, {}, to.path)).rejects.toEqual(refusedAs("wrong-base"));
  await expect(apply(bytes, {}, directory)).rejects.toEqual(refusedAs("wrong-base"));
});

test("a delta to another ISO than the expected one, and one that only says that it makes it", async () => {
  const { directory, from, delta, parts, to, apply, forge } = await lab();
  const third = await smallIso(join(directory, "1.iso.tree", "3.iso"), 3);
  await makeIsoDelta({ from: from.path, to: third.path, output: delta }, { level: 1 });
  const other = await readParts(delta);
  await expect(apply(await readFile(delta))).rejects.toEqual(refusedAs("not-expected"));
  await expect(apply(joinParts({ ...other, recipe: { ...other.recipe, to: { ...(other.recipe["to"] as object), digest: to.digest } } }))).rejects.toEqual(
    refusedAs("wrong-result"),
  );
  // The frame of another delta.
  await expect(apply(joinParts({ ...parts, frame: other.frame }))).rejects.toEqual(refusedAs("damaged", "expands", "wrong-result", "other-compressor"));
  await expect(apply(forge({ to: { digest: digestOf(Buffer.from("other")), size: to.size } }))).rejects.toEqual(refusedAs("not-expected"));
});

test("a forged recipe", async () => {
  const { from, to, parts, apply, forge } = await lab();
  const { base, steps, coders } = parts.recipe;
  const [first, ...rest] = strings(steps);
  const coder = (fields: object) => (coders as readonly object[]).map((each) => ({ ...each, ...fields })) as unknown as MetadataValue;
  const forged: Readonly<Record<string, Readonly<Record<string, MetadataValue>>>> = {
    "reads behind the old ISO's end": { steps: [`copy ${from.size - 1} 2048`, ...rest] },
    "reads at a place that no number is exact for": { steps: ["copy 999999999999999 1", ...rest] },
    "parts one over another": { base: [...strings(base), strings(base)[0] as string] },
    "a part behind the end": { base: [...strings(base), `${from.size} 1`] },
    "a coder that there is not": { steps: ["pack 15 10 10", ...rest] },
    "a block larger than any": { steps: ["pack 0 99999999 10", ...rest] },
    "more than the ISO has": { steps: [first as string, ...rest, "copy 0 2048"] },
    "less than the ISO has": { steps: rest },
    "an ISO without end": { to: { digest: to.digest, size: 2 ** 40 } },
    "a form without end": { formSize: 2 ** 40 },
    "nothing made": { steps: ["bytes 0", ...strings(steps)] },
    "another version": { version: 2 },
    "a field more": { script: "rm" },
    "a path": { steps: ["copy /etc/shadow 2048", ...rest] },
    "a negative place": { steps: ["copy -1 2048", ...rest] },
    "an exponent": { steps: ["copy 1e3 2048", ...rest] },
    "a level that there is not": { coders: coder({ level: 23 }) },
    "a window for a gigabyte": { coders: coder({ kind: "xz", level: undefined, dictionary: GIB, filters: [] }) },
    "a compressor that there is not": { coders: coder({ kind: "lzma" }) },
  };
  for (const [what, fields] of Object.entries(forged)) await expect(apply(forge(fields)), what).rejects.toEqual(refusedAs("damaged"));
  // Understood, and the ISO does not come of it.
  await expect(apply(forge({ coders: coder({ level: 1 }) }))).rejects.toEqual(refusedAs("other-compressor"));
  await expect(apply(forge({ base: strings(base).slice(1) }))).rejects.toEqual(refusedAs("damaged"));
  await expect(apply(forge({ base: [`0 ${from.size}`] }))).rejects.toEqual(refusedAs("damaged"));
  await expect(apply(forge({ base: ["0 4096 0"] }))).rejects.toEqual(refusedAs("damaged"));
});

test("made with another version of a library: which one is said, and where", async () => {
  const { parts, apply, forge } = await lab();
  const coders = (parts.recipe["coders"] as readonly object[]).map((coder) => ({ ...coder, version: "9.9.9", level: 1 })) as MetadataValue;
  await expect(apply(forge({ coders }))).rejects.toMatchObject({
    code: "delta.other-compressor",
    message: expect.stringContaining("libzstd 9.9.9; this host has 1."),
    hint: expect.stringContaining("libzstd1"),
  });
});

test("recipe bombs: 64 MiB in 6 kB, a size that is not, twice the same key", async () => {
  const { parts, apply } = await lab();
  const packed = (bytes: Buffer) => joinParts(parts, packRecipe(bytes));
  await expect(apply(packed(Buffer.alloc(64 * 1024 * 1024, " ")))).rejects.toEqual(refusedAs("damaged"));
  await expect(apply(packed(Buffer.from("[".repeat(100_000))))).rejects.toEqual(refusedAs("damaged"));
  await expect(apply(packed(Buffer.from('{"version":1,"version":1}')))).rejects.toEqual(refusedAs("damaged"));
  const asking = frame({ contentSize: 100, window: windowDescriptor(41) });
  await expect(apply(joinParts(parts, asking))).rejects.toEqual(refusedAs("damaged"));
  const long = Buffer.from(joinParts(parts));
  for (const size of [0xffff_ffff, 7 * 1024 * 1024, 0, 1]) {
    long.writeUInt32LE(size, 16);
    await expect(apply(long), String(size)).rejects.toEqual(refusedAs("damaged"));
  }
});

test("huge window; a frame that expands past what the recipe takes", async () => {
  const { parts, bytes, apply } = await lab();
  const contentSize = parts.recipe["formSize"] as number;
  const withFrame = (frame: Buffer) => joinParts({ ...parts, frame });
  const asking = withFrame(frame({ contentSize, window: windowDescriptor(41) }));
  await expect(apply(asking, { memory: 2 * GIB })).rejects.toEqual(refusedAs("too-much-memory"));
  await expect(apply(asking, { memory: Number.POSITIVE_INFINITY })).rejects.toEqual(refusedAs("damaged"));
  await expect(apply(bytes, { memory: 1_000_000 })).rejects.toEqual(refusedAs("too-much-memory"));
  await expect(apply(withFrame(frame({ contentSize: 2n ** 60n })))).rejects.toEqual(refusedAs("expands"));
  const bomb = [...Array.from({ length: 8191 }, () => rleBlock(128 * 1024)), rleBlock(128 * 1024, true)];
  await expect(apply(withFrame(frame({ contentSize, window: windowDescriptor(20), blocks: bomb })))).rejects.toEqual(
    refusedAs("damaged", "wrong-result", "other-compressor"),
  );
});

test("truncated, with something behind it, two frames, flipped bits", async () => {
  const { bytes, parts, apply } = await lab();
  for (const size of [0, 1, 16, 19, 20, 500, bytes.byteLength - 1]) {
    await expect(apply(bytes.subarray(0, size)), String(size)).rejects.toEqual(refusedAs("damaged"));
  }
  await expect(apply(Buffer.concat([bytes, Buffer.alloc(1)]))).rejects.toEqual(refusedAs("damaged"));
  await expect(apply(Buffer.concat([bytes, parts.frame]))).rejects.toEqual(refusedAs("damaged"));
  // Every bit of the container, of the recipe's frame and of the frame counts: test/fuzz changes them by chance.
  for (let at = 0; at < bytes.byteLength; at += Math.ceil(bytes.byteLength / 12)) {
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(at) ^ 4, at);
    await expect(apply(flipped), String(at)).rejects.toEqual(refusedAs("damaged", "expands", "not-expected", "other-compressor", "wrong-base", "wrong-result"));
  }
});
