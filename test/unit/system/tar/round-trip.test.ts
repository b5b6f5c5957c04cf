import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type ByteString, byteString, readTar, type TarHeader, type TarInput, tarHeader, writeTar } from "../../../../src/system/index.ts";

const bytes = (constraints: fc.IntArrayConstraints & { minLength?: number; maxLength?: number; size?: fc.SizeForArbitrary }, from = 1) =>
  fc.uint8Array({ ...constraints, min: from }).map((array) => byteString(array));
const path = bytes({ minLength: 1, maxLength: 400, size: "max" });
const time = fc.record({ seconds: fc.integer({ min: -(2 ** 33), max: 2 ** 40 }), nanoseconds: fc.integer({ min: 0, max: 999_999_999 }) });
const xattrs = fc
  .dictionary(
    fc.stringMatching(/^(user|trusted|security)\.[a-z.]{1,20}$/),
    fc.uint8Array({ maxLength: 3000 }).map((array) => byteString(array)),
    { maxKeys: 4 },
  )
  .map((values) => new Map(Object.entries(values).map(([name, value]) => [`SCHILY.xattr.${name}` as ByteString, value])));
const id = fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));

const common = fc.record({
  path,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: id,
  gid: id,
  uname: bytes({ maxLength: 60 }),
  gname: bytes({ maxLength: 60 }),
  mtime: time,
  pax: xattrs,
});
const special = fc.oneof(
  fc.record({ kind: fc.constantFrom("directory" as const, "fifo" as const) }),
  fc.record({ kind: fc.constantFrom("symlink" as const, "hardlink" as const), linkPath: path }),
  fc.record({
    kind: fc.constantFrom("character-device" as const, "block-device" as const),
    device: fc.record({ major: fc.integer({ min: 0, max: 4095 }), minor: fc.integer({ min: 0, max: 1048575 }) }),
  }),
);
const sparse = fc.array(fc.tuple(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 700 })), { maxLength: 40 }).map((gaps) => {
  let end = 0;
  const extents = gaps.map(([gap, size]) => {
    const extent = { offset: end + gap, size };
    end = extent.offset + size;
    return extent;
  });
  return { extents, end, total: extents.reduce((sum, { size }) => sum + size, 0) };
});
const file = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }).map((body) => ({ kind: "file" as const, size: body.byteLength, content: body })),
  fc.tuple(sparse, fc.integer({ min: 0, max: 5000 })).map(([{ extents, end, total }, tail]) => ({
    kind: "file" as const,
    size: total,
    content: new Uint8Array(total).fill(7),
    sparse: { realSize: end + tail, extents },
  })),
);
const entry = fc
  .tuple(common, fc.oneof(file, special))
  // An empty file whose name ends in a slash is how old archives have directories.
  .filter(([header, rest]) => rest.kind !== "file" || !header.path.endsWith("/"))
  .map(([header, rest]): TarHeader & { content?: Uint8Array } => ({
    ...tarHeader({ ...header, ...rest }),
    ...("content" in rest ? { content: rest.content } : {}),
  }));

/** The same bytes in chunks of sizes that do not fit the blocks. */
async function* rechunk(source: AsyncIterable<Uint8Array>, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let turn = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength; ) {
      const size = sizes[turn++ % sizes.length] ?? 512;
      yield chunk.subarray(at, at + size);
      at += size;
    }
  }
}

test("gives back every entry that it wrote, however the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }), async (entries, sizes) => {
      const inputs: TarInput[] = entries.map(({ content, ...header }) => ({ ...header, body: content ? [content] : [] }));
      const read: unknown[] = [];
      for await (const { body, ...header } of readTar(rechunk(writeTar(inputs), sizes))) {
        const chunks: Buffer[] = [];
        for await (const chunk of body) chunks.push(chunk);
        read.push({ ...header, ...(header.kind === "file" ? { content: new Uint8Array(Buffer.concat(chunks)) } : {}) });
      }
      expect(read).toEqual(entries);
    }),
    { numRuns: 300 },
  );
});

test("tells an empty file from a directory where its long path is cut off after a slash", async () => {
  const path = byteString(`${"d".repeat(99)}/empty`);
  const archive = Buffer.concat(await Array.fromAsync(writeTar([tarHeader({ path, kind: "file" })])));
  expect(archive.toString("latin1", 1024, 1124)).toBe(`${"d".repeat(99)}\0`);
  async function* source() {
    yield archive;
  }
  expect(await Array.fromAsync(readTar(source()))).toMatchObject([{ path, kind: "file" }]);
});

test("never does anything with noise but refuse it with a code", async () => {
  async function* source(noise: Uint8Array) {
    yield noise;
  }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3000 }), async (noise) => {
      try {
        for await (const { body } of readTar(source(noise))) for await (const _ of body);
        expect(noise.subarray(0, 512).every((byte) => byte === 0)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^tar\.(malformed|truncated|limit-exceeded)$/) });
      }
    }),
  );
});

test("survives a flipped bit anywhere in an archive with extended headers", async () => {
  const archive = Buffer.concat(
    await Array.fromAsync(
      writeTar([
        {
          ...tarHeader({ path: byteString("x".repeat(300)), kind: "file", size: 3, pax: new Map([["SCHILY.xattr.user.a" as ByteString, byteString("b")]]) }),
          body: [Buffer.from("abc")],
        },
        {
          ...tarHeader({ path: byteString("s"), kind: "file", size: 2, sparse: { realSize: 4096, extents: [{ offset: 1024, size: 2 }] } }),
          body: [Buffer.from("zz")],
        },
      ]),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: archive.byteLength - 1 }), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
      const damaged = Buffer.from(archive);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      async function* source() {
        yield damaged;
      }
      try {
        for await (const { body } of readTar(source())) for await (const _ of body);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^tar\./) });
      }
    }),
    { numRuns: 2000 },
  );
});
