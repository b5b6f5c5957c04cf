import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { pipeTool, RbuildError } from "../../../system/index.ts";
import type { BlobFile, MakeDeltaOptions } from "./delta-files.ts";
import { MAX_DELTA_BLOB } from "./memory.ts";

const DEFAULT_LEVEL = 19;
const READ_BYTES = 1024 * 1024;

/**
 * The frame that makes `to` from `from`. One thread: two would make it half as large again, and other bytes than one. The blob comes through a
 * pipe: so its bytes are counted, and nothing about its file can get into the delta.
 */
export function compressDelta(from: BlobFile, to: BlobFile, { level = DEFAULT_LEVEL, onProgress, signal }: MakeDeltaOptions): AsyncIterable<Uint8Array> {
  const limits = [`--memory=${MAX_DELTA_BLOB}`, `--patch-from=${resolve(from.path)}`, `--stream-size=${to.size}`];
  const args = ["--compress", "--stdout", "--quiet", "--single-thread", "--check", "--no-dictID", `-${level}`, ...limits];
  async function* input() {
    let bytes = 0;
    for await (const chunk of createReadStream(to.path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > to.size) throw wrongLayer(to, "it grew while it was read");
      yield chunk;
      onProgress?.({ bytes, of: to.size });
    }
    if (bytes < to.size) throw wrongLayer(to, "it shrank while it was read");
  }
  return pipeTool("zstd", args, input(), signal ? { signal } : {});
}

export function wrongLayer({ path, digest }: BlobFile, why: string, cause?: unknown): RbuildError {
  return new RbuildError("delta.wrong-layer", `${path} is not ${digest}: ${why}`, {
    category: "untrusted",
    details: { path, digest },
    ...(cause === undefined ? {} : { cause }),
  });
}
