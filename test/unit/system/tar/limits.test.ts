import { expect, test } from "vitest";
import { readTar } from "../../../../src/system/index.ts";
import { encodePaxRecord } from "../../../../src/system/tar/pax-records.ts";

/** A header block with its checksum: POSIX.1-2017, ustar. */
function header(type: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write("name", 0);
  block.write("0000644\0", 100);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write("        ", 148);
  block.write(type, 156);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** Extended headers without end, and no entry that they are of. */
async function* endless(type: string): AsyncGenerator<Buffer> {
  for (let count = 0; count < 5000; count++) {
    const record = Buffer.from(type === "L" ? `${"n".repeat(500_000)}\0` : encodePaxRecord(`key${count}`, "v".repeat(500_000)));
    yield header(type, record.byteLength);
    yield Buffer.concat([record, Buffer.alloc((512 - (record.byteLength % 512)) % 512)]);
  }
}

/** Global headers with an entry after each. */
async function* growing(): AsyncGenerator<Buffer> {
  for await (const piece of endless("g")) {
    yield piece;
    if (piece.byteLength > 512) yield header("0", 0);
  }
}

test.each(["x", "g", "L", "K"])("extended headers of type %s are not collected without end", async (type) => {
  await expect(Array.fromAsync(readTar(endless(type)))).rejects.toMatchObject({ code: "tar.limit-exceeded" });
});

test("global headers are not collected without end", async () => {
  const read = (async () => {
    for await (const entry of readTar(growing())) expect(entry.path).toBe("name");
  })();
  await expect(read).rejects.toMatchObject({ code: "tar.limit-exceeded" });
});
