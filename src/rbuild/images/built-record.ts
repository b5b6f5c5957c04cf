import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import type { BuiltImage } from "./image-operations.ts";
import type { ImageInputs } from "./inputs/collect-inputs.ts";

/** Context files of a definition count; 100 bytes each. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** What an image's last build here gave, and from what. Engines keep the image but not the digest of its OCI manifest. */
export interface BuiltRecord {
  readonly built: BuiltImage;
  /** As they were then: an older rbuild may have had other fields. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

const recordSchema = z.object({
  built: z.object({ name: z.string(), version: z.string(), reference: z.string(), digest: z.string(), imageId: z.string(), size: z.number() }),
  inputs: z.record(z.string(), z.unknown()),
});

export async function readBuiltRecord(stateDirectory: string, name: string): Promise<BuiltRecord | undefined> {
  const bytes = await readFileIfExists(recordPath(stateDirectory, name), MAX_RECORD_BYTES);
  if (!bytes) return undefined;
  try {
    return recordSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    // A record only saves time.
    return undefined;
  }
}

export async function writeBuiltRecord(stateDirectory: string, built: BuiltImage, inputs: ImageInputs): Promise<void> {
  const path = recordPath(stateDirectory, built.name);
  await mkdir(resolve(path, ".."), { recursive: true });
  await writeFileAtomic(path, `${JSON.stringify({ built, inputs })}\n`, { sync: false });
}

const recordPath = (stateDirectory: string, name: string): string => join(stateDirectory, "images", "built", `${name}.json`);
