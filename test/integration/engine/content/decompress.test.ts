import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { decompress } from "../../../../src/engine/content/decompress.ts";
import { feedTool } from "../../../../src/system/index.ts";

// several blocks even for bzip2, which has nothing to give before the first is whole
const plain = Buffer.concat([randomBytes(2_000_000), Buffer.alloc(300_000)]);
const COMPRESSED: Readonly<Record<string, () => Buffer>> = {
  nothing: () => plain,
  gzip: () => gzipSync(plain),
  zstd: () => zstdCompressSync(plain),
  bzip2: () => execFileSync("bzip2", ["-c"], { input: plain, maxBuffer: 8_000_000 }),
  xz: () => execFileSync("xz", ["-c"], { input: plain, maxBuffer: 8_000_000 }),
};
const kinds = Object.entries(COMPRESSED);

/** A client that sends what it has and then neither goes on nor leaves. */
async function* stalling(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
  await new Promise<void>(() => undefined);
}

async function* failing(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
  throw new Error("the client closed the connection");
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

const firstOf = async (source: AsyncIterable<Uint8Array>) => {
  for await (const chunk of source) return chunk;
  return undefined;
};

const inTime = <T>(work: Promise<T>) => Promise.race([work, sleep(60_000, "too late", { ref: false })]);

test.each(kinds)("reads what is compressed with %s", async (_kind, compress) => {
  const read = await Array.fromAsync(decompress(pieces(compress(), 10_000)));
  expect(Buffer.concat(read).equals(plain)).toBe(true);
});

test.each(kinds)("a reader of %s that stops early does not wait for a source that stalls", async (_kind, compress) => {
  const bytes = compress();
  expect(await inTime(firstOf(decompress(stalling(bytes.subarray(0, bytes.byteLength - 100)))))).toBeInstanceOf(Uint8Array);
});

test.each(kinds)("the source's own error comes out of %s", async (_kind, compress) => {
  const bytes = compress();
  await expect(inTime(Array.fromAsync(decompress(failing(bytes.subarray(0, bytes.byteLength - 100)))))).rejects.toThrow("the client closed the connection");
});

test.each(kinds.filter(([kind]) => kind !== "nothing"))("half of what is compressed with %s is no more than that", async (_kind, compress) => {
  const bytes = compress();
  await expect(inTime(Array.fromAsync(decompress(pieces(bytes.subarray(0, bytes.byteLength / 2), 1000))))).rejects.toMatchObject({
    code: "image.decompression-failed",
  });
});

test("a tool that ends early is told by its exit code, whether its input goes on or not", async () => {
  await expect(inTime(feedTool("sh", ["-c", "exec <&-; exit 3"], stalling(Buffer.alloc(200_000))))).rejects.toMatchObject({
    code: "tool.failed",
    details: { exitCode: 3 },
  });
});
