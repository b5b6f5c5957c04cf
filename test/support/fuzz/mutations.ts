import fc from "fast-check";

/** What parsers stumble over, of whatever format. */
const TOKENS = [
  "",
  "\0",
  "\n",
  "\r\n",
  "\n\n",
  " ",
  "\t",
  '"',
  "'",
  "\\",
  "/",
  "../",
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  "=",
  "-",
  "-1",
  "0",
  "00",
  "1e999",
  "0x7f",
  "2147483648",
  "9007199254740993",
  "99999999999999999999",
  "null",
  "true",
  '"__proto__":',
  "__proto__",
  "constructor",
  "\ufeff",
  "\ufffd",
  "é",
  "\x1b[2J",
  "\x80\xff",
] as const;

const edit = fc.record({
  kind: fc.constantFrom("flip", "set", "cut", "drop", "double", "move", "token", "splice", "repeat"),
  at: fc.nat(),
  length: fc.oneof(fc.nat(8), fc.nat(600)),
  value: fc.nat(),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** Bytes made of real ones by a few changes; now and then the real ones, or noise. */
export function mutated(seeds: readonly Buffer[], tokens: readonly string[] = []): fc.Arbitrary<Buffer> {
  const words = [...TOKENS, ...tokens].map((token) => Buffer.from(token, "latin1"));
  const change = fc.tuple(fc.nat(seeds.length - 1), fc.array(edit, { maxLength: 5 })).map(([seed, edits]) => {
    return edits.reduce((bytes: Buffer, each) => apply(bytes, each, seeds, words), seeds[seed]!);
  });
  return fc.oneof({ weight: 19, arbitrary: change }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 600 }).map((noise): Buffer => Buffer.from(noise)) });
}

function apply(bytes: Buffer, { kind, at: wanted, length, value }: Edit, seeds: readonly Uint8Array[], words: readonly Buffer[]): Buffer {
  const at = wanted % (bytes.byteLength + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (kind) {
    case "flip":
    case "set": {
      const changed = Buffer.from(bytes);
      if (at < changed.byteLength) changed[at] = kind === "set" ? value & 0xff : changed[at]! ^ (1 << (value & 7));
      return changed;
    }
    case "cut":
      return before;
    case "drop":
      return Buffer.concat([before, after.subarray(length)]);
    case "double":
      return Buffer.concat([before, after.subarray(0, length), after]);
    case "move":
      return Buffer.concat([after, before]);
    case "token":
      return Buffer.concat([before, words[value % words.length]!, after.subarray(length > 8 ? 0 : length)]);
    case "splice": {
      const other = seeds[value % seeds.length]!;
      const from = (value >>> 8) % (other.byteLength + 1);
      return Buffer.concat([before, other.subarray(from, from + length), after]);
    }
    case "repeat": {
      const again = after.subarray(0, 1 + (value % 16));
      return Buffer.concat([before, Buffer.alloc(Math.min(length * 8, 4096), again.byteLength > 0 ? again : " "), after]);
    }
    default:
      return kind satisfies never;
  }
}
