import { DigestHasher } from "../../oci/index.ts";
import { corrupt } from "./content-errors.ts";
import type { BlobInfo } from "./content-store.ts";

/** Passes at most `size` bytes on and ends in an error when they are not the digest's. @throws RbuildError `content.corrupt` */
export async function* verified(source: AsyncIterable<Uint8Array>, { digest, size }: BlobInfo): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = new DigestHasher();
  for await (const chunk of source) {
    hasher.update(chunk);
    if (hasher.size > size) throw corrupt(digest, `it has more than the ${size} bytes it should have`);
    yield chunk;
  }
  if (hasher.size !== size) throw corrupt(digest, `it has ${hasher.size} bytes instead of ${size}`);
  const actual = hasher.digest();
  if (actual !== digest) throw corrupt(digest, `its content has the digest ${actual}`);
}
