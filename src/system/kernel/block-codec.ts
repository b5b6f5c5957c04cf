/** A compression library of this host, for small blocks, as mksquashfs calls it. Calls block: some milliseconds for 128 KiB. */
export interface BlockCodec {
  /** Debian's package of it. */
  readonly package: string;
  readonly version: string;
  /**
   * The whole of `input`, in at most `capacity` bytes; undefined when it does not fit.
   * @param options those of the compressor that apply: `level` of zstd, zlib and lz4, `dictionary` (bytes) and `filters` (IDs of branch filters) of xz
   */
  compress(input: Buffer, capacity: number, options: BlockOptions): Buffer | undefined;
  /** Undefined when it is damaged, or has more than `capacity` bytes. `input` is one block and nothing behind it. */
  decompress(input: Buffer, capacity: number): Buffer | undefined;
}

export interface BlockOptions {
  readonly level: number;
  readonly dictionary: number;
  /** Each is tried, after none; the shortest is taken, of equals the first. */
  readonly filters: readonly number[];
}
