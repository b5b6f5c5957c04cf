import { dlopen } from "node:ffi";

/** Bytes that a decoder may take; any preset of xz(1) needs less. */
const MEMORY = 128n * 1024n * 1024n;
const OUTPUT_LIMIT = 16 * 1024 * 1024;
const [LZMA_OK, LZMA_BUF_ERROR] = [0, 10];

/** `lzma/container.h` of XZ Utils 5. */
type StreamBufferDecode = (
  memoryLimit: Buffer,
  flags: number,
  allocator: bigint,
  input: Buffer,
  inputPosition: Buffer,
  inputSize: bigint,
  output: Buffer,
  outputPosition: Buffer,
  outputSize: bigint,
) => number;

let decoder: StreamBufferDecode | null | undefined;

/**
 * What one .xz stream has, decoded while the caller waits: for a few hundred KiB, where starting a program takes far longer. Undefined when
 * this host has no liblzma, when more than 16 MiB come out, or when the bytes are no such stream: xz(1) then tells what is wrong.
 */
export function decodeXz(input: Buffer): Buffer | undefined {
  decoder ??= openDecoder();
  if (decoder === null || input.byteLength === 0) return undefined;
  for (let size = Math.max(256 * 1024, 16 * input.byteLength); size <= OUTPUT_LIMIT; size *= 4) {
    const [memory, inputPosition, outputPosition] = [Buffer.alloc(8), Buffer.alloc(8), Buffer.alloc(8)];
    memory.writeBigUInt64LE(MEMORY);
    const output = Buffer.allocUnsafeSlow(size);
    const result = decoder(memory, 0, 0n, input, inputPosition, BigInt(input.byteLength), output, outputPosition, BigInt(size));
    if (result === LZMA_BUF_ERROR) continue;
    if (result !== LZMA_OK || inputPosition.readBigUInt64LE() !== BigInt(input.byteLength)) return undefined;
    return output.subarray(0, Number(outputPosition.readBigUInt64LE()));
  }
  return undefined;
}

function openDecoder(): StreamBufferDecode | null {
  try {
    const { functions } = dlopen("liblzma.so.5", {
      lzma_stream_buffer_decode: { return: "i32", arguments: ["buffer", "u32", "u64", "buffer", "buffer", "u64", "buffer", "buffer", "u64"] },
    });
    return functions.lzma_stream_buffer_decode;
  } catch {
    return null;
  }
}
