import { dlopen, getRawPointer, toString } from "node:ffi";
import type { BlockCodec } from "./block-codec.ts";
import { withLibrary } from "./load-library.ts";

const LIBRARY = "liblzma.so.5";

/** `lzma/filter.h`, `lzma/lzma12.h`, `lzma/check.h` of XZ Utils 5. */
const FILTER_LZMA2 = 0x21n;
const NO_FILTER = 0xffff_ffff_ffff_ffffn;
const PRESET = 6;
const CHECK_CRC32 = 1;
const OK = 0;
/** Bytes that a decoder may take; any preset of xz(1) needs less. */
const MEMORY = 128n * 1024n * 1024n;
/** More than any version's `lzma_options_lzma`, whose first field is the dictionary's size. */
const OPTIONS_BYTES = 512;

export function openXz(): BlockCodec | undefined {
  return withLibrary(LIBRARY, () => {
    const { functions: lzma } = dlopen(LIBRARY, {
      lzma_lzma_preset: { return: "u8", arguments: ["buffer", "u32"] },
      lzma_stream_buffer_encode: { return: "i32", arguments: ["buffer", "i32", "u64", "buffer", "u64", "buffer", "buffer", "u64"] },
      lzma_stream_buffer_decode: { return: "i32", arguments: ["buffer", "u32", "u64", "buffer", "buffer", "u64", "buffer", "buffer", "u64"] },
      lzma_version_string: { return: "u64", arguments: [] },
    });
    // Native code has its address: it must live as long as the codec.
    const options = Buffer.alloc(OPTIONS_BYTES);
    const encode = (input: Buffer, capacity: number, chain: Buffer): Buffer | undefined => {
      const [output, position] = [Buffer.allocUnsafeSlow(capacity), Buffer.alloc(8)];
      const result = lzma.lzma_stream_buffer_encode(chain, CHECK_CRC32, 0n, input, BigInt(input.byteLength), output, position, BigInt(capacity));
      return result === OK ? output.subarray(0, Number(position.readBigUInt64LE())) : undefined;
    };
    return {
      package: "liblzma5",
      version: toString(lzma.lzma_version_string()) ?? "",
      compress(input, capacity, { dictionary, filters }) {
        if (lzma.lzma_lzma_preset(options, PRESET) !== 0) return undefined;
        options.writeUInt32LE(dictionary);
        let best: Buffer | undefined;
        for (const filter of [undefined, ...filters]) {
          const output = encode(input, capacity, filterChain(options, filter));
          if (output && (!best || output.byteLength < best.byteLength)) best = output;
        }
        return best;
      },
      decompress(input, capacity) {
        const [memory, taken, output, made] = [Buffer.alloc(8), Buffer.alloc(8), Buffer.allocUnsafeSlow(capacity), Buffer.alloc(8)];
        memory.writeBigUInt64LE(MEMORY);
        const size = BigInt(input.byteLength);
        const result = lzma.lzma_stream_buffer_decode(memory, 0, 0n, input, taken, size, output, made, BigInt(capacity));
        return result === OK && taken.readBigUInt64LE() === size ? output.subarray(0, Number(made.readBigUInt64LE())) : undefined;
      },
    };
  });
}

/** An array of `lzma_filter`: ID and address of options each. */
function filterChain(options: Buffer, filter: number | undefined): Buffer {
  const filters: [id: bigint, options: bigint][] = [[FILTER_LZMA2, getRawPointer(options)]];
  if (filter !== undefined) filters.unshift([BigInt(filter), 0n]);
  filters.push([NO_FILTER, 0n]);
  const chain = Buffer.alloc(16 * filters.length);
  filters.forEach(([id, address], index) => {
    chain.writeBigUInt64LE(id, 16 * index);
    chain.writeBigUInt64LE(address, 16 * index + 8);
  });
  return chain;
}
