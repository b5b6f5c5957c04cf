import { z } from "zod";
import { digestSchema } from "./descriptor.ts";
import type { DiffId } from "./digest.ts";
import { MAX_LAYERS, parseJson } from "./manifest.ts";

const strings = z.array(z.string());
const set = z.record(z.string(), z.object({}));

/** What a container made from the image starts with: image-spec config.md, `config`. Field names as on the wire. */
export const containerDefaultsSchema = z.object({
  User: z.string().exactOptional(),
  ExposedPorts: set.nullish(),
  Env: strings.nullish(),
  Entrypoint: strings.nullish(),
  Cmd: strings.nullish(),
  Volumes: set.nullish(),
  WorkingDir: z.string().exactOptional(),
  Labels: z.record(z.string(), z.string()).nullish(),
  StopSignal: z.string().exactOptional(),
  Shell: strings.nullish(),
  OnBuild: strings.nullish(),
  /** Docker's extension; times in nanoseconds. */
  Healthcheck: z
    .object({
      Test: strings.exactOptional(),
      Interval: z.int().exactOptional(),
      Timeout: z.int().exactOptional(),
      StartPeriod: z.int().exactOptional(),
      StartInterval: z.int().exactOptional(),
      Retries: z.int().exactOptional(),
    })
    .exactOptional(),
});

const historySchema = z.object({
  created: z.string().exactOptional(),
  created_by: z.string().exactOptional(),
  author: z.string().exactOptional(),
  comment: z.string().exactOptional(),
  empty_layer: z.boolean().exactOptional(),
});

export const imageConfigSchema = z.object({
  /** RFC 3339. */
  created: z.string().exactOptional(),
  author: z.string().exactOptional(),
  architecture: z.string(),
  variant: z.string().exactOptional(),
  os: z.string(),
  config: containerDefaultsSchema.exactOptional(),
  rootfs: z.object({
    type: z.literal("layers"),
    diff_ids: z.array(digestSchema as unknown as z.ZodType<DiffId>).max(MAX_LAYERS),
  }),
  history: z.array(historySchema).nullish(),
});

export type ContainerDefaults = Readonly<z.infer<typeof containerDefaultsSchema>>;
/** OCI image-spec, config.md. */
export type ImageConfig = Readonly<z.infer<typeof imageConfigSchema>>;
export type ImageHistory = Readonly<z.infer<typeof historySchema>>;

export const parseImageConfig = (bytes: Uint8Array): ImageConfig => parseJson(imageConfigSchema, bytes, "image config");
