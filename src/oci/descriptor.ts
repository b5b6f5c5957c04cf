import { z } from "zod";
import { isDigest } from "./digest.ts";

const digestSchema = z.custom<import("./digest.ts").Digest>(isDigest, { error: "must be sha256:<64 lower-case hex>" });
const annotationsSchema = z.record(z.string(), z.string());

/** OCI image-spec, descriptor.md. `size` in bytes. */
export const descriptorSchema = z.object({
  mediaType: z.string().max(255),
  digest: digestSchema,
  size: z.int().nonnegative(),
  annotations: annotationsSchema.exactOptional(),
  platform: z
    .object({
      os: z.string(),
      architecture: z.string(),
      variant: z.string().exactOptional(),
    })
    .exactOptional(),
});

export type Descriptor = Readonly<z.infer<typeof descriptorSchema>>;
export { annotationsSchema, digestSchema };
