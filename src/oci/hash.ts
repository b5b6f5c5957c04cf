import { createHash, type Hash } from "node:crypto";
import { asChainId, type ChainId, type DiffId, type Digest, digestFromHex } from "./digest.ts";

/** Digest of a small value that is already in memory. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return digestFromHex(createHash("sha256").update(bytes).digest("hex"));
}

/** Streaming SHA-256 that counts the bytes it has seen. */
export class DigestHasher {
  readonly #hash: Hash = createHash("sha256");
  #size = 0;

  update(chunk: Uint8Array): this {
    this.#hash.update(chunk);
    this.#size += chunk.byteLength;
    return this;
  }

  /** The same chunks, each once it is counted. */
  async *through<Chunk extends Uint8Array>(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk, void, undefined> {
    for await (const chunk of chunks) {
      this.update(chunk);
      yield chunk;
    }
  }

  get size(): number {
    return this.#size;
  }

  digest(): Digest {
    return digestFromHex(this.#hash.digest("hex"));
  }
}

/** Chain ids of a stack of layers, bottom first: ChainID(L0) = DiffID(L0), ChainID(L0|…|Ln) = SHA256(ChainID(L0|…|Ln-1) + " " + DiffID(Ln)). */
export function chainIds(diffIds: readonly DiffId[]): ChainId[] {
  const chain: ChainId[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    chain.push(asChainId(parent === undefined ? diffId : digestOf(`${parent} ${diffId}`)));
  }
  return chain;
}
