import { z } from "zod";
import { MAX_DELTA_BLOB } from "../repository/delta/delta.ts";
import { readCanonical, writeCanonical } from "../trust/format/canonical.ts";
import { digestField } from "../trust/format/fields.ts";
import { isRefusal } from "../trust/refusal.ts";
import { coderSchema, MAX_BLOCK } from "./coder.ts";
import type { Unit } from "./unit.ts";

/** Largest ISO, bytes. */
export const MAX_ISO = 64 * 1024 ** 3;
/** Of a recipe, bytes. */
export const MAX_RECIPE = 32 * 1024 * 1024;

/** What the new ISO is made of, one after the other. */
export type Step =
  /** These bytes of the old ISO. */
  | { readonly kind: "copy"; readonly offset: number; readonly length: number }
  /** The form's next bytes. */
  | { readonly kind: "bytes"; readonly length: number }
  /** The form's next bytes, compressed by a coder; that makes so many. */
  | { readonly kind: "pack"; readonly coder: number; readonly content: number; readonly length: number };

const number = "(0|[1-9][0-9]{0,14})";
const PART = new RegExp(`^${number} ${number}(?: ${number})?$`);
const STEP = new RegExp(`^(?:copy ${number} ${number}|bytes ${number}|pack ${number} ${number} ${number})$`);

const isoField = z.strictObject({ digest: digestField, size: z.int().min(1).max(MAX_ISO) });
const formSize = z.int().min(1).max(MAX_DELTA_BLOB);

const recipeSchema = z.strictObject({
  type: z.literal("iso-delta"),
  version: z.literal(1),
  from: isoField,
  to: isoField,
  coders: z.array(coderSchema).max(16),
  /** `OFFSET LENGTH` or `OFFSET LENGTH CODER`: the parts of the old ISO that make the form that the delta starts from. */
  base: z.array(z.string().regex(PART)).min(1),
  baseSize: formSize,
  /** `copy OFFSET LENGTH`, `bytes LENGTH`, `pack CODER CONTENT LENGTH`. */
  steps: z.array(z.string().regex(STEP)).min(1),
  formSize,
});

/** How one ISO is made of another and of what a zstd frame makes. docs/deltas.md, "ISOs". */
export interface Recipe extends Omit<z.infer<typeof recipeSchema>, "base" | "steps"> {
  /** In the order of the old ISO, none over another. */
  readonly base: readonly Unit[];
  readonly steps: readonly Step[];
}

export function writeRecipe({ base, steps, ...rest }: Recipe): Uint8Array {
  return writeCanonical({ ...rest, base: base.map(partText), steps: steps.map(stepText) });
}

/** @returns why not, where the bytes are no recipe that can be followed */
export function readRecipe(bytes: Uint8Array): Recipe | string {
  const read = readCanonical(bytes, "its recipe", MAX_RECIPE);
  if (isRefusal(read)) return read.message;
  const result = recipeSchema.safeParse(read.value);
  if (!result.success) {
    const [issue] = result.error.issues;
    return `its recipe is none: ${issue?.path.map(String).join(".")}: ${issue?.message}`;
  }
  const recipe = { ...result.data, base: result.data.base.map(parsePart), steps: result.data.steps.map(parseStep) };
  return problemOf(recipe) ?? recipe;
}

/** That all numbers fit each other, so that whoever follows the recipe reads and writes no more than it says. */
function problemOf({ from, to, coders, base, steps, formSize }: Recipe): string | undefined {
  let end = 0;
  for (const { offset, length, coder } of base) {
    if (offset < end || length === 0 || offset + length > from.size) return `its recipe starts from bytes ${offset} to ${offset + length}, which cannot be`;
    if (coder !== undefined && (coder >= coders.length || length > 2 * MAX_BLOCK)) return `its recipe has a block of ${length} bytes of coder ${coder}`;
    end = offset + length;
  }
  let [made, taken] = [0, 0];
  for (const step of steps) {
    if (step.length === 0) return "its recipe has a step that makes nothing";
    if (step.kind === "copy" && step.offset + step.length > from.size) return `its recipe copies what is behind the end of the old ISO (${step.offset})`;
    if (step.kind === "pack") {
      const coder = coders[step.coder];
      if (!coder || step.content === 0 || step.content > coder.capacity) return `its recipe packs ${step.content} bytes with coder ${step.coder}`;
      taken += step.content;
    } else if (step.kind === "bytes") taken += step.length;
    made += step.length;
  }
  if (made !== to.size) return `its recipe makes ${made} bytes, not the ${to.size} that it says`;
  return taken === formSize ? undefined : `its recipe takes ${taken} bytes of a form of ${formSize}`;
}

const partText = ({ offset, length, coder }: Unit): string => `${offset} ${length}${coder === undefined ? "" : ` ${coder}`}`;

function parsePart(text: string): Unit {
  const [offset, length, coder] = text.split(" ").map(Number) as [number, number, number?];
  return { offset, length, ...(coder === undefined ? {} : { coder }) };
}

function stepText(step: Step): string {
  switch (step.kind) {
    case "copy":
      return `copy ${step.offset} ${step.length}`;
    case "bytes":
      return `bytes ${step.length}`;
    case "pack":
      return `pack ${step.coder} ${step.content} ${step.length}`;
    default:
      return step satisfies never;
  }
}

function parseStep(text: string): Step {
  const [kind, ...rest] = text.split(" ");
  const [first, second, third] = rest.map(Number) as [number, number, number];
  if (kind === "copy") return { kind, offset: first, length: second };
  if (kind === "bytes") return { kind, length: first };
  return { kind: "pack", coder: first, content: second, length: third };
}
