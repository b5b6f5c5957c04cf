import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MARK_END, makeHook } from "../../../src/make-runner/hook.ts";
import { MarkFilter } from "../../../src/make-runner/mark-filter.ts";

const { markPrefix } = makeHook("/hook.mk", "00ff");
const mark = (target: string) => `${markPrefix}${target}${MARK_END}\n`;

function filter(chunks: readonly Uint8Array[]): { output: Buffer; targets: string[] } {
  const marks = new MarkFilter(markPrefix);
  const pieces = [...chunks.flatMap((chunk) => marks.push(chunk)), ...marks.end()];
  return {
    output: Buffer.concat(pieces.flatMap((piece) => (piece.kind === "output" ? [piece.data] : []))),
    targets: pieces.flatMap((piece) => (piece.kind === "mark" ? [piece.target] : [])),
  };
}

test("takes marks out wherever the stream is cut and keeps every other byte", () => {
  const part = fc.oneof(
    // A colon after a prefix that lacks it would make a real mark.
    fc
      .uint8Array({ maxLength: 40 })
      .filter(([first]) => first !== ":".charCodeAt(0))
      .map((data) => ({ data })),
    fc.constantFrom("\u0002", markPrefix.slice(0, 5), markPrefix.slice(0, -1)).map((text) => ({ data: Buffer.from(text) })),
    fc.constantFrom("iso", "a/b.squashfs", "ü").map((target) => ({ target })),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.nat(60), { maxLength: 12 }), (parts, cuts) => {
      const stream = Buffer.concat(parts.map((each) => ("target" in each ? Buffer.from(mark(each.target)) : Buffer.from(each.data))));
      const chunks: Uint8Array[] = [];
      let from = 0;
      for (const cut of cuts) {
        chunks.push(stream.subarray(from, from + cut));
        from += cut;
      }
      chunks.push(stream.subarray(from));
      const { output, targets } = filter(chunks);
      expect(targets).toEqual(parts.flatMap((each) => ("target" in each ? [each.target] : [])));
      expect(output).toEqual(Buffer.concat(parts.flatMap((each) => ("target" in each ? [] : [Buffer.from(each.data)]))));
    }),
  );
});

test("a mark without end is output", () => {
  const stream = Buffer.from(`${markPrefix}${"x".repeat(10_000)}`);
  expect(filter([stream])).toEqual({ output: stream, targets: [] });
  expect(filter([Buffer.from(markPrefix)])).toEqual({ output: Buffer.from(markPrefix), targets: [] });
});
