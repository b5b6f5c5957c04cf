import type { ImageDefinition } from "./schema.ts";

export type Variant = NonNullable<ImageDefinition["variant"]>;

/** A root file system without a word on how large it is to be. */
export const DEFAULT_VARIANT = "minbase" satisfies Variant;

/** Priorities by which a variant takes packages beside what is essential, as mmdebstrap(1) does; each has all of the one before. */
export const VARIANT_PRIORITIES: Readonly<Record<Variant, readonly string[]>> = {
  extract: [],
  essential: [],
  apt: [],
  required: ["required"],
  minbase: ["required"],
  important: ["required", "important"],
  standard: ["required", "important", "standard"],
};
