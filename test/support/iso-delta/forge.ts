import { readFile } from "node:fs/promises";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type MetadataValue, writeCanonical } from "../../../src/rbuild/trust/format/canonical.ts";

/** An ISO delta in its parts, to be put together otherwise. docs/deltas.md, "ISOs". */
export interface DeltaParts {
  readonly recipe: Readonly<Record<string, MetadataValue>>;
  readonly frame: Buffer;
}

const MAGIC = "rbuild-iso-delta";

export async function readParts(path: string): Promise<DeltaParts> {
  const bytes = await readFile(path);
  const start = MAGIC.length + 4;
  const end = start + bytes.readUInt32LE(MAGIC.length);
  return { recipe: JSON.parse(zstdDecompressSync(bytes.subarray(start, end)).toString()) as DeltaParts["recipe"], frame: bytes.subarray(end) };
}

/** @param packed the recipe's bytes, where they are not those of an honest writer */
export function joinParts({ recipe, frame }: DeltaParts, packed: Buffer = packRecipe(writeCanonical(recipe))): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(packed.byteLength);
  return Buffer.concat([Buffer.from(MAGIC), size, packed, frame]);
}

export const packRecipe = (bytes: Uint8Array): Buffer => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
