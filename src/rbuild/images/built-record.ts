import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import type { BuiltImage } from "./image-operations.ts";

const MAX_RECORD_BYTES = 64 * 1024;
const recordSchema = z.object({ name: z.string(), version: z.string(), reference: z.string(), digest: z.string(), imageId: z.string(), size: z.number() });

/** What an image's last build here gave. Engines keep the image but not the digest of its OCI manifest. */
export async function readBuiltRecord(stateDirectory: string, name: string): Promise<BuiltImage | undefined> {
  const bytes = await readFileIfExists(recordPath(stateDirectory, name), MAX_RECORD_BYTES);
  if (!bytes) return undefined;
  try {
    return recordSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    // A record only saves time.
    return undefined;
  }
}

export async function writeBuiltRecord(stateDirectory: string, image: BuiltImage): Promise<void> {
  const path = recordPath(stateDirectory, image.name);
  await mkdir(resolve(path, ".."), { recursive: true });
  await writeFileAtomic(path, `${JSON.stringify(image)}\n`, { sync: false });
}

const recordPath = (stateDirectory: string, name: string): string => join(stateDirectory, "images", "built", `${name}.json`);
