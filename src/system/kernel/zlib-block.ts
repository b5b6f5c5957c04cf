import { dlopen, toString } from "node:ffi";
import type { BlockCodec } from "./block-codec.ts";
import { withLibrary } from "./load-library.ts";

const LIBRARY = "libz.so.1";

/** `zlib.h`: window of 32 KiB and the default strategy, which is what these two functions do. */
export function openZlib(): BlockCodec | undefined {
  return withLibrary(LIBRARY, () => {
    const { functions: zlib } = dlopen(LIBRARY, {
      compress2: { return: "i32", arguments: ["buffer", "buffer", "buffer", "u64", "i32"] },
      uncompress2: { return: "i32", arguments: ["buffer", "buffer", "buffer", "buffer"] },
      zlibVersion: { return: "u64", arguments: [] },
    });
    return {
      package: "zlib1g",
      version: toString(zlib.zlibVersion()) ?? "",
      compress(input, capacity, { level }) {
        const [output, size] = [Buffer.allocUnsafeSlow(capacity), sizeCell(capacity)];
        return zlib.compress2(output, size, input, BigInt(input.byteLength), level) === 0 ? output.subarray(0, sizeIn(size)) : undefined;
      },
      decompress(input, capacity) {
        const [output, size, taken] = [Buffer.allocUnsafeSlow(capacity), sizeCell(capacity), sizeCell(input.byteLength)];
        const isWhole = zlib.uncompress2(output, size, input, taken) === 0 && sizeIn(taken) === input.byteLength;
        return isWhole ? output.subarray(0, sizeIn(size)) : undefined;
      },
    };
  });
}

/** An `unsigned long` to be passed by address. */
function sizeCell(value: number): Buffer {
  const cell = Buffer.alloc(8);
  cell.writeBigUInt64LE(BigInt(value));
  return cell;
}

const sizeIn = (cell: Buffer): number => Number(cell.readBigUInt64LE());
