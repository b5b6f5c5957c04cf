import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LineCutter, MAX_LINE_BYTES } from "../../../src/make-runner/lines.ts";

function cut(chunks: readonly string[]): string[] {
  const cutter = new LineCutter();
  return [...chunks.flatMap((chunk) => cutter.push(Buffer.from(chunk))), ...cutter.end()];
}

test("cuts the same lines however the bytes arrive", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-zäß ]{0,30}$/), { minLength: 1 }), fc.integer({ min: 1, max: 17 }), (lines, size) => {
      const bytes = Buffer.from(`${lines.join("\n")}\n`);
      const cutter = new LineCutter();
      const found: string[] = [];
      for (let from = 0; from < bytes.byteLength; from += size) found.push(...cutter.push(bytes.subarray(from, from + size)));
      expect([...found, ...cutter.end()]).toEqual(lines);
    }),
  );
});

test("hands on the last line without newline, and none when there is nothing", () => {
  expect(cut(["a\nb"])).toEqual(["a", "b"]);
  expect(cut(["a\r\n"])).toEqual(["a"]);
  expect(cut([])).toEqual([]);
});

test("cuts a line that is too long", () => {
  const lines = cut([`${"x".repeat(2 * MAX_LINE_BYTES + 5)}\ny\n`]);
  expect(lines.map((line) => line.length)).toEqual([MAX_LINE_BYTES, MAX_LINE_BYTES, 5, 1]);
});

test("keeps nothing of the caller's buffer", () => {
  const cutter = new LineCutter();
  const buffer = Buffer.from("abc");
  cutter.push(buffer);
  buffer.fill(0);
  expect(cutter.push(Buffer.from("\n"))).toEqual(["abc"]);
});
