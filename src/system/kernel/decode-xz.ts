import { openXz } from "./xz-block.ts";

const OUTPUT_LIMIT = 16 * 1024 * 1024;

let codec: ReturnType<typeof openXz> | null;

/**
 * What one .xz stream has, decoded while the caller waits: for a few hundred KiB, where starting a program takes far longer. Undefined when
 * this host has no liblzma, when more than 16 MiB come out, or when the bytes are no such stream: xz(1) then tells what is wrong.
 */
export function decodeXz(input: Buffer): Buffer | undefined {
  codec ??= openXz() ?? null;
  if (codec === null || input.byteLength === 0) return undefined;
  for (let size = Math.max(256 * 1024, 16 * input.byteLength); size <= OUTPUT_LIMIT; size *= 4) {
    const decoded = codec.decompress(input, size);
    if (decoded) return decoded;
  }
  return undefined;
}
