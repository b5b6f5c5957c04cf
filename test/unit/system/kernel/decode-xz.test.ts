import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { decodeXz } from "../../../../src/system/index.ts";

const xz = (input: Buffer): Buffer => execFileSync("xz", ["--stdout"], { input });

test("one stream is decoded, whatever it grows to within the limit", () => {
  for (const plain of [Buffer.alloc(0), Buffer.from("small"), Buffer.alloc(9 * 1024 * 1024, "grows")]) expect(decodeXz(xz(plain))?.equals(plain)).toBe(true);
});

test("what is no such stream, cut off, damaged, more than one or too large is left to the program", () => {
  const good = xz(Buffer.from("content of a stream"));
  const damaged = Buffer.from(good);
  damaged.writeUInt8(damaged.readUInt8(30) ^ 255, 30);
  for (const bytes of [Buffer.alloc(0), Buffer.from("none"), good.subarray(0, -5), damaged, Buffer.concat([good, good]), xz(Buffer.alloc(40 * 1024 * 1024))])
    expect(decodeXz(bytes)).toBeUndefined();
});
