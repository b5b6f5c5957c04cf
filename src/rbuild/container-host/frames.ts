import { RbuildError } from "../../system/index.ts";

/** A piece of what a container printed. */
export interface ContainerOutput {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

const HEADER_BYTES = 8;

/**
 * Takes the two streams of a container without terminal out of the one they travel in. Docker Engine API, "Stream format":
 * a header of stream type, three zeros and a big-endian length, then that many bytes. Nothing is collected: a frame is
 * handed on in the pieces it arrives in.
 */
export async function* readFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ContainerOutput> {
  let header = Buffer.alloc(0);
  let left = 0;
  let stream: ContainerOutput["stream"] = "stdout";
  for await (let chunk of bytes) {
    while (chunk.byteLength > 0) {
      if (left === 0) {
        const part = chunk.subarray(0, HEADER_BYTES - header.byteLength);
        header = Buffer.concat([header, part]);
        chunk = chunk.subarray(part.byteLength);
        if (header.byteLength < HEADER_BYTES) break;
        stream = streamOf(header);
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
      } else {
        const data = chunk.subarray(0, left);
        left -= data.byteLength;
        chunk = chunk.subarray(data.byteLength);
        yield { stream, data };
      }
    }
  }
  if (left > 0 || header.byteLength > 0) throw broken("it ends inside a frame");
}

function streamOf(header: Buffer): ContainerOutput["stream"] {
  if (header.readUIntBE(1, 3) !== 0) throw broken("a frame has no valid header");
  if (header[0] === 1) return "stdout";
  if (header[0] === 2) return "stderr";
  throw broken(`a frame is of the unknown stream ${header[0]}`);
}

function broken(why: string): RbuildError {
  return new RbuildError("container-host.broken-stream", `the output stream of the container is broken: ${why}`, { hint: "run the command again" });
}
