import { createReadStream } from "node:fs";
import { type Digest, DigestHasher } from "../oci/index.ts";

/** What a file has now, read from its start to its end. */
export async function digestOfFile(path: string): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hasher = new DigestHasher();
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hasher.update(chunk as Buffer);
  return { digest: hasher.digest(), size: hasher.size };
}
