import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { withStep } from "../../../make-runner/index.ts";
import { type Digest, DigestHasher, digestHex, shortDigest } from "../../../oci/index.ts";
import { pipeTool, RbuildError, readTool } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import { everyBytes } from "../../every-bytes.ts";
import type { SavedBlob } from "../../images/assemble/saved-blobs.ts";
import type { IndexedBlob } from "./index-content.ts";
import type { Staging } from "./staging.ts";

/** In which forms layers are kept. `zstd` is always one of them. */
export interface Encodings {
  readonly gzip?: boolean;
  readonly plain?: boolean;
}

const PROGRESS_BYTES = 4 * 2 ** 20;

/** Neither time nor name gets into the files, and the number of processors does not change zstd's. */
const TOOLS = {
  gzip: { suffix: "gz", command: "gzip", encode: () => ["-9", "-n", "-c"], decode: ["-d", "-c", "-q"] },
  zstd: { suffix: "zst", command: "zstd", encode: (size: number) => ["-19", "-T0", "-q", "-c", `--stream-size=${size}`], decode: ["-d", "-q", "-c"] },
} as const;
type Encoding = keyof typeof TOOLS;

export const blobPath = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;

/** A small blob as it is. */
export async function stagePlain(bytes: Uint8Array, digest: Digest, staging: Staging): Promise<IndexedBlob> {
  await staging.put(blobPath(digest), bytes);
  const size = bytes.byteLength;
  return { digest, size, plain: { path: blobPath(digest), sha256: digest, size }, encodings: [] };
}

/**
 * A layer in the forms that are kept, each undone once to see that it is the layer. The file stays where it is unless it is kept plain.
 * @throws RbuildError `repository.encoding-failed`, `tool.missing`, `tool.failed`
 */
export async function stageLayer(
  layer: SavedBlob,
  { gzip, plain }: Encodings,
  { staging, report, signal }: { readonly staging: Staging; readonly report: RbuildReport; readonly signal?: AbortSignal },
): Promise<IndexedBlob> {
  const { digest, size } = layer;
  return withStep(report, { name: "image.encode", subject: shortDigest(digest) }, async (step) => {
    const encodings: IndexedBlob["encodings"] = [];
    const wanted: readonly Encoding[] = gzip ? ["gzip", "zstd"] : ["zstd"];
    let before = 0;
    for (const encoding of wanted) {
      const onBytes = (bytes: number) => step.progress(before + bytes, "bytes", size * wanted.length);
      const file = join(staging.scratch, `${digestHex(digest)}.${TOOLS[encoding].suffix}`);
      const made = await encodeFile(layer, encoding, file, onBytes, signal);
      const path = `encoded/sha256/${digestHex(made.sha256)}.${TOOLS[encoding].suffix}`;
      await staging.take(path, file);
      encodings.push({ encoding, path, ...made });
      before += size;
    }
    if (plain) await staging.link(blobPath(digest), layer.path);
    return { digest, size, ...(plain ? { plain: { path: blobPath(digest), sha256: digest, size } } : {}), encodings };
  });
}

async function encodeFile(
  { path, digest, size }: SavedBlob,
  encoding: Encoding,
  output: string,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<{ readonly sha256: Digest; readonly size: number }> {
  const { command, encode, decode } = TOOLS[encoding];
  const abort = signal ? { signal } : {};
  const encoded = new DigestHasher();
  const through = encoded.through(pipeTool(command, encode(size), counted(path, onBytes), abort));
  await pipeline(through, createWriteStream(output, { mode: 0o644 }), abort);
  const undone = new DigestHasher();
  for await (const chunk of readTool(command, [...decode, output], abort)) undone.update(chunk);
  if (undone.digest() === digest) return { sha256: encoded.digest(), size: encoded.size };
  throw new RbuildError("repository.encoding-failed", `${command} made something of the layer ${digest} that does not give it back`, {
    hint: "check memory and disk of this machine, then try again",
    details: { digest, command },
  });
}

async function* counted(path: string, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
  const tell = everyBytes(PROGRESS_BYTES, onBytes);
  let done = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    tell((done += chunk.byteLength));
    yield chunk;
  }
}
