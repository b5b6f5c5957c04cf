import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { findTail } from "../../../../src/engine/containers/logs/find-tail.ts";
import { LogParser, parseLogRecord } from "../../../../src/engine/containers/logs/k8s-record.ts";

const TIME = "2026-11-21T12:00:00.123456789+00:00";

test("reads whole and partial records", () => {
  expect(parseLogRecord(Buffer.from(`${TIME} stdout F a b `))).toMatchObject({ stream: "stdout", time: "2026-11-21T12:00:00.123456789Z", isLineEnd: true });
  expect(parseLogRecord(Buffer.from(`${TIME} stdout F a b `))?.data.toString()).toBe("a b \n");
  expect(parseLogRecord(Buffer.from(`${TIME} stderr P a`))).toMatchObject({ stream: "stderr", isLineEnd: false, data: Buffer.from("a") });
  expect(parseLogRecord(Buffer.from(`${TIME} stdout F `))?.data.toString()).toBe("\n");
  for (const bad of ["", "x", `${TIME} stdin F a`, `${TIME} stdout X a`, `${TIME} stdout`]) expect(parseLogRecord(Buffer.from(bad)), bad).toBeUndefined();
});

/** What a monitor would write for these pieces of output: each cut at newlines, the rest partial. */
const record = (text: Buffer, isEnd: boolean) => Buffer.concat([Buffer.from(`${TIME} stdout ${isEnd ? "F" : "P"} `), text, Buffer.from("\n")]);
const line = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).filter((byte) => byte !== 10));
const records = fc.array(fc.record({ text: line, isEnd: fc.boolean() }), { maxLength: 30 });

test("gives back what was written, however the file is cut into chunks", () => {
  fc.assert(
    fc.property(records, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), (list, cuts) => {
      const file = Buffer.concat(list.map(({ text, isEnd }) => record(Buffer.from(text), isEnd)));
      const parser = new LogParser();
      const parts: Buffer[] = [];
      for (let at = 0, i = 0; at < file.byteLength; i++) {
        const size = cuts[i % cuts.length] ?? 1;
        for (const { data } of parser.push(file.subarray(at, at + size))) parts.push(Buffer.from(data));
        at += size;
      }
      const expected = Buffer.concat(list.map(({ text, isEnd }) => Buffer.concat([Buffer.from(text), Buffer.from(isEnd ? "\n" : "")])));
      expect(Buffer.concat(parts).equals(expected)).toBe(true);
    }),
  );
});

test("finds the last lines as counting from the front would", async () => {
  const directory = await mkdtemp("/tmp/rbuild-test-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "log");
  await fc.assert(
    fc.asyncProperty(records, fc.integer({ min: 0, max: 12 }), async (list, wanted) => {
      const pieces = list.map(({ text, isEnd }) => record(Buffer.from(text), isEnd));
      await writeFile(path, Buffer.concat(pieces));
      await using file = await open(path);
      const found = await findTail(file, (await file.stat()).size, wanted);
      // lines: each ends with an F record; what is left over is one more
      const starts = [0];
      let offset = 0;
      list.forEach(({ isEnd }, index) => {
        offset += pieces[index]?.byteLength ?? 0;
        if (isEnd && index < list.length - 1) starts.push(offset);
      });
      const lines = list.length === 0 ? [] : starts;
      expect(found).toBe(wanted === 0 ? offset : (lines.at(-wanted) ?? 0));
    }),
    { numRuns: 150 },
  );
});

test("finds the last lines of a file that is larger than a block", async () => {
  const directory = await mkdtemp("/tmp/rbuild-test-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "log");
  const pieces = Array.from({ length: 5000 }, (_, index) => record(Buffer.from(`line ${index} ${"x".repeat(index % 90)}`), true));
  await writeFile(path, Buffer.concat(pieces));
  await using file = await open(path);
  const { size } = await file.stat();
  const offset = await findTail(file, size, 3210);
  expect(offset).toBe(pieces.slice(0, -3210).reduce((sum, piece) => sum + piece.byteLength, 0));
});
