import { decompress } from "../../content/decompress.ts";

const TAR_BLOCK = 512;

/** Whether a file's bytes, once decompressed, are a tar archive: the first header's checksum decides. */
export async function isTar(source: AsyncIterable<Uint8Array>): Promise<boolean> {
  try {
    const block = await firstBytes(decompress(source), TAR_BLOCK);
    if (block.byteLength < TAR_BLOCK) return false;
    const written = Number.parseInt(block.toString("latin1", 148, 156).replace(/[\0 ]+$/, ""), 8);
    return block.fill(" ", 148, 156).reduce((sum, byte) => sum + byte, 0) === written;
  } catch {
    return false;
  }
}

/** A copy of the first `count` bytes, or of all there are. */
async function firstBytes(source: AsyncIterable<Uint8Array>, count: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length >= count) break;
  }
  return Buffer.concat(chunks).subarray(0, count);
}
