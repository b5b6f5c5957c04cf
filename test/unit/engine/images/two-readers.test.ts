import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { twoReaders } from "../../../../src/engine/images/two-readers.ts";

const MEGABYTE = 2 ** 20;

async function* chunksOf(bytes: Uint8Array, size: number, onChunk: () => void = () => undefined) {
  for (let at = 0; at < bytes.byteLength; at += size) {
    await turn();
    onChunk();
    yield bytes.subarray(at, at + size);
  }
}

test("both get all of it, whichever is slower and whenever one leaves", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 1, max: 50 }),
      fc.tuple(fc.nat(5), fc.nat(5)),
      fc.tuple(fc.option(fc.nat(10)), fc.option(fc.nat(10))),
      async (bytes, size, pauses, leaves) => {
        const streams = twoReaders(chunksOf(bytes, size));
        const read = async (index: 0 | 1) => {
          const chunks: Uint8Array[] = [];
          for await (const chunk of streams[index]) {
            chunks.push(chunk);
            if (chunks.length === leaves[index]) break;
            for (let pause = pauses[index]; pause > 0; pause--) await turn();
          }
          return { bytes: Buffer.concat(chunks), left: leaves[index] };
        };
        for (const { bytes: got, left } of await Promise.all([read(0), read(1)])) {
          const expected = left === null || left === 0 ? bytes : bytes.subarray(0, left * size);
          expect(got.equals(expected)).toBe(true);
        }
      },
    ),
  );
});

test("the quicker waits for the slower, but not for one that has left without reading", async () => {
  let given = 0;
  const [quick, slow] = twoReaders(chunksOf(Buffer.alloc(64 * MEGABYTE), MEGABYTE, () => given++));
  let taken = 0;
  const reading = (async () => {
    for await (const chunk of quick) taken += chunk.byteLength;
  })();
  for (let wait = 0; wait < 200; wait++) await turn();
  expect(given).toBe(16);
  slow.leave();
  await reading;
  expect(taken).toBe(64 * MEGABYTE);
});

test("both see what goes wrong with the stream, after what came before", async () => {
  async function* broken() {
    yield Buffer.from("good");
    throw new Error("broken");
  }
  const results = twoReaders(broken()).map(async (stream) => {
    let size = 0;
    try {
      for await (const chunk of stream) size += chunk.byteLength;
      return "ended";
    } catch (error) {
      return `${size} bytes, ${(error as Error).message}`;
    }
  });
  expect(await Promise.all(results)).toEqual(["4 bytes, broken", "4 bytes, broken"]);
});
