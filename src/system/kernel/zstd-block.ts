import { dlopen } from "node:ffi";
import type { BlockCodec } from "./block-codec.ts";
import { withLibrary } from "./load-library.ts";

const LIBRARY = "libzstd.so.1";

/** `zstd.h`, its stable part. One context serves all calls; it lives as long as the process. */
export function openZstd(): BlockCodec | undefined {
  return withLibrary(LIBRARY, () => {
    const { functions: zstd } = dlopen(LIBRARY, {
      ZSTD_createCCtx: { return: "u64", arguments: [] },
      ZSTD_compressCCtx: { return: "u64", arguments: ["u64", "buffer", "u64", "buffer", "u64", "i32"] },
      ZSTD_decompress: { return: "u64", arguments: ["buffer", "u64", "buffer", "u64"] },
      ZSTD_isError: { return: "u32", arguments: ["u64"] },
      ZSTD_versionNumber: { return: "u32", arguments: [] },
    });
    const context = zstd.ZSTD_createCCtx();
    if (context === 0n) return undefined;
    const number = zstd.ZSTD_versionNumber();
    const bytes = (result: bigint, output: Buffer) => (zstd.ZSTD_isError(result) === 0 ? output.subarray(0, Number(result)) : undefined);
    return {
      package: "libzstd1",
      version: [Math.floor(number / 10_000), Math.floor(number / 100) % 100, number % 100].join("."),
      compress(input, capacity, { level }) {
        const output = Buffer.allocUnsafeSlow(capacity);
        return bytes(zstd.ZSTD_compressCCtx(context, output, BigInt(capacity), input, BigInt(input.byteLength), level), output);
      },
      decompress(input, capacity) {
        const output = Buffer.allocUnsafeSlow(capacity);
        return bytes(zstd.ZSTD_decompress(output, BigInt(capacity), input, BigInt(input.byteLength)), output);
      },
    };
  });
}
