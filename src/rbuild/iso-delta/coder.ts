import { z } from "zod";
import { type BlockCodec, openLz4, openXz, openZlib, openZstd } from "../../system/index.ts";

/** Largest block: a kernel's. Bytes. */
export const MAX_BLOCK = 8 * 1024 * 1024;
/** Largest block of a squashfs, and of its metadata, bytes. */
const SQUASHFS_BLOCK = 1024 * 1024;
export const METADATA_BLOCK = 8192;

/** Bytes of a full block, before compression and at most after it. */
const capacityUpTo = (most: number) => z.int().min(1).max(most);

const common = {
  capacity: capacityUpTo(SQUASHFS_BLOCK),
  /** A block of metadata: two bytes before it have its compressed size. */
  header: z.boolean(),
  /** Of the library that was used when the delta was made. */
  version: z.string().regex(/^[0-9A-Za-z.+~-]{1,32}$/),
};

/** How a block is made from its content: the compressor and what it was told. */
export const coderSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("zstd"), level: z.int().min(1).max(22), ...common }),
  z.strictObject({ kind: z.literal("gzip"), level: z.int().min(1).max(9), ...common }),
  z.strictObject({ kind: z.literal("lz4"), level: z.int().min(1).max(12), ...common, capacity: capacityUpTo(MAX_BLOCK) }),
  z.strictObject({
    kind: z.literal("xz"),
    /** Bytes. */
    dictionary: z.int().min(4096).max(SQUASHFS_BLOCK),
    /** IDs of branch filters as liblzma has them, which are tried after none. */
    filters: z.array(z.int().min(4).max(9)).max(6),
    ...common,
  }),
]);
export type CoderSettings = z.infer<typeof coderSchema>;

/** Settings before it is known with which library. */
export type CompressorSettings = CoderSettings extends infer T ? (T extends unknown ? Omit<T, "version" | "capacity" | "header"> : never) : never;

const OPEN: Readonly<Record<CoderSettings["kind"], () => BlockCodec | undefined>> = { zstd: openZstd, gzip: openZlib, lz4: openLz4, xz: openXz };
const opened = new Map<CoderSettings["kind"], BlockCodec | undefined>();

/** This host's library for a compressor, or undefined where there is none. */
export function codecFor(kind: CoderSettings["kind"]): BlockCodec | undefined {
  if (!opened.has(kind)) opened.set(kind, OPEN[kind]());
  return opened.get(kind);
}

/** Bytes of a block of metadata before its compressed content. */
export const HEADER_BYTES = 2;
/** Set where the content is not compressed. */
export const STORED = 0x8000;

/** The block that has this content. Undefined when it would be stored uncompressed. */
export function pack(content: Buffer, settings: CoderSettings, codec: BlockCodec): Buffer | undefined {
  const options = { level: 0, dictionary: 0, filters: [], ...settings };
  const packed = codec.compress(content, settings.capacity, options);
  if (!packed || !settings.header) return packed;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16LE(packed.byteLength);
  return Buffer.concat([header, packed]);
}

/** A block's content, of at least one byte. Undefined when it is no such block. */
export function unpack(block: Buffer, { capacity, header }: CoderSettings, codec: BlockCodec): Buffer | undefined {
  const start = header ? HEADER_BYTES : 0;
  if (block.byteLength <= start || (header && block.readUInt16LE(0) !== block.byteLength - start)) return undefined;
  const content = codec.decompress(block.subarray(start), capacity);
  return content && content.byteLength > 0 ? content : undefined;
}
