import type { BlobFile } from "../../src/rbuild/repository/delta/delta.ts";
import { inspectFile } from "../../src/rbuild/repository/delta/frame.ts";

/** @throws when the file is not what it should be */
export async function check(path: string, { digest, size }: BlobFile): Promise<void> {
  const found = await inspectFile(path, size + 1);
  if (found.sha256 !== digest) throw new Error(`${path} is not ${digest}`);
}
