import { z } from "zod";
import { annotationsSchema, descriptorSchema } from "./descriptor.ts";
import { OciFormatError } from "./errors.ts";
import { isIndexMediaType, isManifestMediaType } from "./media-types.ts";

/** Limit of what is read as an index, a manifest or an image config: the distribution-spec's suggested 4 MiB. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
/** More layers than overlayfs, Docker or Podman take is an attack or a mistake. */
export const MAX_LAYERS = 127;

const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().refine(isManifestMediaType, "is not an image manifest").exactOptional(),
  artifactType: z.string().exactOptional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(MAX_LAYERS),
  annotations: annotationsSchema.exactOptional(),
});

const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().refine(isIndexMediaType, "is not an image index").exactOptional(),
  manifests: z.array(descriptorSchema).max(10_000),
  annotations: annotationsSchema.exactOptional(),
});

/** OCI image-spec, manifest.md. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;
/** OCI image-spec, image-index.md. */
export type Index = Readonly<z.infer<typeof indexSchema>>;

/** Parses outside JSON with a schema. @throws OciFormatError that names the field */
export function parseJson<T>(schema: z.ZodType<T>, bytes: Uint8Array | string, what: string): T {
  const text = typeof bytes === "string" ? bytes : new TextDecoder("utf-8", { fatal: false }).decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new OciFormatError(what, `it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new OciFormatError(`${what}${issue?.path.length ? `, ${issue.path.join(".")}` : ""}`, issue?.message ?? "it does not fit the schema");
  }
  return result.data;
}

export const parseManifest = (bytes: Uint8Array): Manifest => parseJson(manifestSchema, bytes, "image manifest");
export const parseIndex = (bytes: Uint8Array): Index => parseJson(indexSchema, bytes, "image index");
