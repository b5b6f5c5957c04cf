import { z } from "zod";
import { MAX_LAYERS, OciFormatError, parseJson, parseReference, referenceText, withDefaultTag } from "../../oci/index.ts";

const manifestSchema = z
  .array(
    z.object({
      Config: z.string().max(1024),
      RepoTags: z.array(z.string().max(512)).max(1000).nullish(),
      Layers: z.array(z.string().max(1024)).max(MAX_LAYERS),
    }),
  )
  .max(10_000);

/** `manifest.json` of a docker-archive: Docker image specification v1.2, "Combined Image JSON + Filesystem Changeset Format". */
export type DockerManifest = z.infer<typeof manifestSchema>;

/** @throws OciFormatError */
export const parseDockerManifest = (bytes: Uint8Array): DockerManifest => parseJson(manifestSchema, bytes, "manifest.json");

/** @throws OciFormatError */
export function repoTags(item: DockerManifest[number]): string[] {
  return (item.RepoTags ?? []).map((text) => {
    const reference = parseReference(text);
    if (reference.digest !== undefined) throw new OciFormatError("manifest.json, RepoTags", `${JSON.stringify(text)} has a digest`);
    return referenceText(withDefaultTag(reference));
  });
}
