import { z } from "zod";
import { bytesFields, repositoryField, timeField, versionField } from "./fields.ts";

/** `freshness/<version>.json`: this index is current as of then. Renewed often, by a lesser key. docs/repository-format.md, "Freshness". */
export const freshnessSchema = z
  .strictObject({
    type: z.literal("freshness"),
    formatVersion: z.literal(1),
    repository: repositoryField,
    version: versionField,
    /** When it was true. */
    asOf: timeField,
    expires: timeField,
    /** The newest root: whoever was not given it is being kept behind. */
    root: z.strictObject({ version: versionField }),
    index: z.strictObject({ version: versionField, ...bytesFields }),
  })
  .refine(({ asOf, expires }) => asOf < expires, { path: ["expires"], error: "is not after asOf" });

export type Freshness = Readonly<z.infer<typeof freshnessSchema>>;

/** `current.json`: where to begin. Not signed: it can only point to what is. */
export const currentSchema = z.strictObject({
  type: z.literal("current"),
  formatVersion: z.literal(1),
  freshness: z.strictObject({ version: versionField }),
});
export type Current = Readonly<z.infer<typeof currentSchema>>;
