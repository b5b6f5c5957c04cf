import { dlopen, toString } from "node:ffi";
import type { BlockCodec } from "./block-codec.ts";
import { withLibrary } from "./load-library.ts";

const LIBRARY = "liblz4.so.1";

/** `lz4.h`, `lz4hc.h`: level 1 is the quick compressor, 2 to 12 are those of the high-compression one. */
export function openLz4(): BlockCodec | undefined {
  return withLibrary(LIBRARY, () => {
    const { functions: lz4 } = dlopen(LIBRARY, {
      LZ4_compress_default: { return: "i32", arguments: ["buffer", "buffer", "i32", "i32"] },
      LZ4_compress_HC: { return: "i32", arguments: ["buffer", "buffer", "i32", "i32", "i32"] },
      LZ4_decompress_safe: { return: "i32", arguments: ["buffer", "buffer", "i32", "i32"] },
      LZ4_versionString: { return: "u64", arguments: [] },
    });
    return {
      package: "liblz4-1",
      version: toString(lz4.LZ4_versionString()) ?? "",
      compress(input, capacity, { level }) {
        const output = Buffer.allocUnsafeSlow(capacity);
        const size =
          level === 1
            ? lz4.LZ4_compress_default(input, output, input.byteLength, capacity)
            : lz4.LZ4_compress_HC(input, output, input.byteLength, capacity, level);
        return size > 0 ? output.subarray(0, size) : undefined;
      },
      decompress(input, capacity) {
        const output = Buffer.allocUnsafeSlow(capacity);
        const size = lz4.LZ4_decompress_safe(input, output, input.byteLength, capacity);
        return size >= 0 ? output.subarray(0, size) : undefined;
      },
    };
  });
}
