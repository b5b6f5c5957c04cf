import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { pipeTool, readTool } from "../../../system/index.ts";

/** Below this much zstd is not told to stay: it is less than its own buffers. Bytes. */
const LEAST_WINDOW = 1024 * 1024;

interface DeltaPlace {
  readonly from: string;
  readonly delta: string;
  /** Where the delta's frame starts in its file, bytes. Default 0. */
  readonly start?: number;
}

/** What a delta makes of a base, as zstd says it. @param window that it may use, bytes @throws RbuildError `tool.missing`, `tool.failed` */
export function undoDelta({ from, delta, start = 0 }: DeltaPlace, window: number, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  const limits = [`--memory=${Math.max(window, LEAST_WINDOW)}`, `--patch-from=${resolve(from)}`];
  const args = ["--decompress", "--stdout", "--quiet", ...limits];
  const options = signal ? { signal } : {};
  return start === 0 ? readTool("zstd", [...args, resolve(delta)], options) : pipeTool("zstd", args, createReadStream(delta, { start }), options);
}
