import { join } from "node:path";
import { z } from "zod";
import { type Digest, isDigest } from "../../oci/index.ts";
import { readFileIfExists } from "../../system/index.ts";
import { MANIFEST_FILE } from "../iso/export/finish-export.ts";
import type { CapsuleManifest } from "./capsule-manifest.ts";

const MAX_BUILD_MANIFEST_BYTES = 64 * 2 ** 20;

/** The part of a build manifest that says what was built from what: src/rbuild/iso/export/manifest.ts. */
const buildManifestSchema = z.object({
  kind: z.literal("org.rbuild.build-manifest"),
  publishable: z.boolean(),
  source: z.object({ commit: z.string(), directory: z.string() }),
  options: z.object({ target: z.string() }),
  artifacts: z.array(z.object({ path: z.string(), size: z.int(), digest: z.custom<Digest>(isDigest) })),
});

/** What the last build of a tree made, if it was one for publication and of exactly this commit and target. */
export async function readExpectedArtifacts(
  output: string,
  { commit, directory, target }: Pick<CapsuleManifest["tree"], "commit" | "directory" | "target">,
): Promise<CapsuleManifest["artifacts"] | undefined> {
  const bytes = await readFileIfExists(join(output, MANIFEST_FILE), MAX_BUILD_MANIFEST_BYTES);
  if (!bytes) return undefined;
  const parsed = buildManifestSchema.safeParse(parseJson(bytes));
  if (!parsed.success) return undefined;
  const { publishable, source, options, artifacts } = parsed.data;
  const isOfThis = publishable && source.commit === commit && source.directory === directory && options.target === target;
  return isOfThis ? artifacts.map(({ path, size, digest }) => ({ path, size, digest })) : undefined;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
