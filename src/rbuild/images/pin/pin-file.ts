import { join } from "node:path";
import { z } from "zod";
import { canonicalJson, isDigest } from "../../../oci/index.ts";
import { ownership, RbuildError, readFileIfExists, writeFileAtomic } from "../../../system/index.ts";
import type { ImagePin } from "../image-operations.ts";

export const PIN_FILE = "image.pin.json";
const MAX_PIN_BYTES = 64 * 1024;

const digest = z.string().refine(isDigest, "must be sha256:<64 lower-case hex>");
const pinSchema = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
  architecture: z.string().min(1),
  digest,
  imageId: digest,
});

/**
 * The pin beside a definition, or undefined when it has none.
 * @throws RbuildError `image.pin-invalid`
 */
export async function readPin(directory: string): Promise<ImagePin | undefined> {
  const path = join(directory, PIN_FILE);
  const bytes = await readFileIfExists(path, MAX_PIN_BYTES);
  if (!bytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw invalid(path, "it is not JSON", error);
  }
  const parsed = pinSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(path, `${issue?.path.join(".") || "it"}: ${issue?.message ?? "does not fit"}`);
}

/** Replaces the pin, which belongs to whom the directory belongs. False when it said the same already. */
export async function writePin(directory: string, pin: ImagePin): Promise<boolean> {
  const old = await readPin(directory).catch(() => undefined);
  const { name, version, architecture, digest, imageId } = pin;
  if (old && canonicalJson({ ...old }) === canonicalJson({ ...pin })) return false;
  const path = join(directory, PIN_FILE);
  await writeFileAtomic(path, `${JSON.stringify({ name, version, architecture, digest, imageId }, undefined, 2)}\n`);
  await (await ownership(directory))(path);
  return true;
}

function invalid(path: string, why: string, cause?: unknown): RbuildError {
  return new RbuildError("image.pin-invalid", `${path} is no pin: ${why}`, {
    category: "invalid",
    hint: "git checkout the file, or write it again with rbuild image pin",
    cause,
  });
}
