/** The largest blob on either side of a delta, bytes. zstd's windows end at 2 GiB, and a little below it finds nothing in a base any more. */
export const MAX_DELTA_BLOB = 2_000_000_000;

/** Of zstd's program itself, its buffers and tables; measured below 4 MiB. Bytes. */
const OVERHEAD = 8 * 1024 * 1024;

/** Memory that undoing a delta takes, bytes: the whole base, the window, and a little. */
export const memoryToApply = (fromSize: number, window: number): number => fromSize + window + OVERHEAD;

/** Half of what the machine, or the control group, has to give just now. Bytes. */
export const memoryForDeltas = (): number => Math.floor(process.availableMemory() / 2);
