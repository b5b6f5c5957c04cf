import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ContentStore } from "../../../src/engine/index.ts";
import { type Digest, digestOf } from "../../../src/oci/index.ts";

const ABSENT = digestOf("nobody stored this");

async function* pieces(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream));
}

/** What every ContentStore keeps. `openStore` gives a fresh, empty one; it cleans up after the test by itself. */
export function describeContentStore(openStore: () => Promise<ContentStore>): void {
  test("gives back what was ingested, in pieces of any size", async () => {
    const store = await openStore();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 6 }), async (parts) => {
        const whole = Buffer.concat(parts);
        const blob = await store.ingest(pieces(...parts));
        expect(blob).toEqual({ digest: digestOf(whole), size: whole.byteLength });
        expect((await collect(store.open(blob))).equals(whole)).toBe(true);
        expect(Buffer.from(await store.read(blob.digest, whole.byteLength)).equals(whole)).toBe(true);
        expect(await store.stat(blob.digest)).toEqual(blob);
      }),
      { numRuns: 25 },
    );
  });

  test("takes a value in memory, the empty one too", async () => {
    const store = await openStore();
    expect(await store.ingest(new Uint8Array())).toEqual({ digest: digestOf(""), size: 0 });
    expect(await collect(store.open({ digest: digestOf(""), size: 0 }))).toEqual(Buffer.alloc(0));
  });

  test("keeps a blob that is ingested twice, also at the same time", async () => {
    const store = await openStore();
    const bytes = randomBytes(100_000);
    await Promise.all([1, 2, 3].map(() => store.ingest(pieces(bytes))));
    expect(await Array.fromAsync(store.list())).toEqual([{ digest: digestOf(bytes), size: 100_000 }]);
  });

  test("refuses bytes that are not the expected digest, and keeps nothing of them", async () => {
    const store = await openStore();
    await expect(store.ingest(pieces(Buffer.from("other")), { digest: ABSENT })).rejects.toMatchObject({
      code: "content.digest-mismatch",
      category: "untrusted",
    });
    expect(await Array.fromAsync(store.list())).toEqual([]);
  });

  test("refuses a size that is not the expected one, as soon as it is passed", async () => {
    const store = await openStore();
    let asked = 0;
    async function* endless() {
      for (;;) {
        asked++;
        yield Buffer.alloc(100_000);
      }
    }
    await expect(store.ingest(endless(), { size: 150_000 })).rejects.toMatchObject({ code: "content.size-mismatch" });
    await expect(store.ingest(endless(), { maxSize: 150_000 })).rejects.toMatchObject({ code: "content.too-large" });
    await expect(store.ingest(pieces(Buffer.from("abc")), { size: 4 })).rejects.toMatchObject({ code: "content.size-mismatch" });
    expect(asked).toBeLessThan(10);
    expect(await Array.fromAsync(store.list())).toEqual([]);
  });

  test("stops with the signal's reason and keeps nothing", async () => {
    const store = await openStore();
    const reason = new Error("enough");
    const abort = new AbortController();
    async function* source() {
      yield Buffer.alloc(10);
      abort.abort(reason);
      yield Buffer.alloc(10);
    }
    await expect(store.ingest(source(), {}, { signal: abort.signal })).rejects.toBe(reason);
    expect(await Array.fromAsync(store.list())).toEqual([]);
  });

  test("passes on the error of a source that fails, and keeps nothing", async () => {
    const store = await openStore();
    const failure = new Error("line cut");
    async function* source() {
      yield Buffer.alloc(10);
      throw failure;
    }
    await expect(store.ingest(source())).rejects.toBe(failure);
    expect(await Array.fromAsync(store.list())).toEqual([]);
  });

  test("says that an absent blob is absent", async () => {
    const store = await openStore();
    expect(await store.stat(ABSENT)).toBeUndefined();
    await expect(collect(store.open({ digest: ABSENT, size: 3 }))).rejects.toMatchObject({ code: "content.not-found", category: "not-found" });
    await expect(store.read(ABSENT, 10)).rejects.toMatchObject({ code: "content.not-found" });
    await store.remove(ABSENT);
  });

  test("opens no blob under a size it does not have, and reads none over the limit", async () => {
    const store = await openStore();
    const { digest } = await store.ingest(Buffer.from("four"));
    await expect(collect(store.open({ digest, size: 3 }))).rejects.toMatchObject({ code: "content.corrupt" });
    await expect(store.read(digest, 3)).rejects.toMatchObject({ code: "content.too-large" });
  });

  test("lists every blob sorted, and forgets what is removed", async () => {
    const store = await openStore();
    const digests: Digest[] = [];
    for (let index = 0; index < 20; index++) digests.push((await store.ingest(Buffer.from(`blob ${index}`))).digest);
    await store.remove(digests[0]!);
    expect((await Array.fromAsync(store.list())).map(({ digest }) => digest)).toEqual(digests.slice(1).sort());
    expect(await store.stat(digests[0]!)).toBeUndefined();
  });
}
