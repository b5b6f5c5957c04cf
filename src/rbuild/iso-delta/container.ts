import type { FileHandle } from "node:fs/promises";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { readerOf } from "./read-at.ts";
import { MAX_RECIPE, type Recipe, readRecipe, writeRecipe } from "./recipe.ts";

/** What an ISO delta begins with; then the packed recipe's size in four bytes, least first, the recipe, and a zstd frame to the end. */
const MAGIC = Buffer.from("rbuild-iso-delta", "latin1");
const HEAD = MAGIC.byteLength + 4;
/** Of a recipe as it is packed, bytes. */
const MAX_PACKED_RECIPE = 8 * 1024 * 1024;
/** Of the recipe's own frame: 2^25 bytes. */
const WINDOW_LOG = 25;

/** Undefined for a recipe that would be too long to be read again. */
export function writeHead(recipe: Recipe): Buffer | undefined {
  const bytes = writeRecipe(recipe);
  if (bytes.byteLength > MAX_RECIPE) return undefined;
  const packed = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
  if (packed.byteLength > MAX_PACKED_RECIPE) return undefined;
  const head = Buffer.alloc(HEAD);
  MAGIC.copy(head);
  head.writeUInt32LE(packed.byteLength, MAGIC.byteLength);
  return Buffer.concat([head, packed]);
}

export interface Head {
  readonly recipe: Recipe;
  /** Where the frame starts. */
  readonly frameStart: number;
}

/** The recipe of an ISO delta, or why it is none. */
export async function readHead(delta: FileHandle): Promise<Head | string> {
  const read = readerOf(delta);
  try {
    const head = await read(0, HEAD);
    if (!head.subarray(0, MAGIC.byteLength).equals(MAGIC)) return "it is no delta of ISOs";
    const size = head.readUInt32LE(MAGIC.byteLength);
    if (size > MAX_PACKED_RECIPE) return `its recipe has ${size} bytes; at most ${MAX_PACKED_RECIPE} are read`;
    const bytes = unpackRecipe(await read(HEAD, size));
    const recipe = bytes === undefined ? `its recipe is no zstd frame of at most ${MAX_RECIPE} bytes` : readRecipe(bytes);
    return typeof recipe === "string" ? recipe : { recipe, frameStart: HEAD + size };
  } catch (error) {
    if (error instanceof RangeError) return "it is cut short";
    throw error;
  }
}

function unpackRecipe(packed: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(packed, { maxOutputLength: MAX_RECIPE, params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } });
  } catch {
    return undefined;
  }
}
