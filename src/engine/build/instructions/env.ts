import { type NameValue, readNameValues } from "../words/name-values.ts";
import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface EnvInstruction extends Written {
  readonly kind: "env";
  readonly pairs: readonly NameValue[];
}

export function readEnv(reader: InstructionReader): EnvInstruction {
  reader.noFlags();
  const pairs = readNameValues(reader.single("name=value"), reader.escape);
  if (!pairs) throw reader.error("ENV needs name=value, or a name and a value");
  return { kind: "env", ...reader.written, pairs };
}
