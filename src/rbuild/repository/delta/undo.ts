import { resolve } from "node:path";
import { readTool } from "../../../system/index.ts";

/** Below this much zstd is not told to stay: it is less than its own buffers. Bytes. */
const LEAST_WINDOW = 1024 * 1024;

/** What a delta makes of a base, as zstd says it. @param window that it may use, bytes @throws RbuildError `tool.missing`, `tool.failed` */
export function undoDelta(paths: { readonly from: string; readonly delta: string }, window: number, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  const limits = [`--memory=${Math.max(window, LEAST_WINDOW)}`, `--patch-from=${resolve(paths.from)}`];
  return readTool("zstd", ["--decompress", "--stdout", "--quiet", ...limits, resolve(paths.delta)], signal ? { signal } : {});
}
