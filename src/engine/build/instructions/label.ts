import { type NameValue, readNameValues } from "../words/name-values.ts";
import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface LabelInstruction extends Written {
  readonly kind: "label";
  readonly pairs: readonly NameValue[];
}

export function readLabel(reader: InstructionReader): LabelInstruction {
  reader.noFlags();
  const pairs = readNameValues(reader.single("name=value"), reader.escape);
  if (!pairs) throw reader.error("LABEL needs name=value, or a name and a value");
  return { kind: "label", ...reader.written, pairs };
}
