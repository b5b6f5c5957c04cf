import { type Digest, DigestHasher } from "../oci/index.ts";

/** Bytes that have come, and their digest once all of them have. */
interface FoundBytes {
  readonly size: number;
  readonly digest?: Digest;
}

/**
 * Bytes as they come: never more than they must be, and the last of them only once all have the digest that they must have.
 * @param chunks each the reader's own
 * @param refuse makes the error of what was found instead
 */
export async function* verifiedBytes<Chunk extends Uint8Array>(
  chunks: AsyncIterable<Chunk>,
  wanted: { readonly digest: Digest; readonly size: number },
  refuse: (found: FoundBytes) => Error | Promise<Error>,
): AsyncGenerator<Chunk, void, undefined> {
  const hasher = new DigestHasher();
  let held: Chunk | undefined;
  for await (const chunk of chunks) {
    hasher.update(chunk);
    if (hasher.size > wanted.size) throw await refuse({ size: hasher.size });
    if (held) yield held;
    held = chunk;
  }
  const found = { size: hasher.size, digest: hasher.digest() };
  if (found.size !== wanted.size || found.digest !== wanted.digest) throw await refuse(found);
  if (held) yield held;
}
