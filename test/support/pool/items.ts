import { createHash, randomBytes } from "node:crypto";
import type { Digest } from "../../../src/oci/index.ts";
import type { PoolItem } from "../../../src/rbuild/pool/pool.ts";

export interface TestItem extends PoolItem {
  readonly content: Buffer;
}

/** An item of the archive `debian` with content that nothing else has. */
export function testItem(size = 100_000, path = `pool/main/t/tiny/tiny_${randomBytes(4).toString("hex")}+b1_all.deb`): TestItem {
  const content = randomBytes(size);
  return { content, size, path, archive: "debian", sha256: `sha256:${createHash("sha256").update(content).digest("hex")}` as Digest };
}

export const hexOf = ({ sha256 }: PoolItem): string => sha256.slice("sha256:".length);

export async function* bytesOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
