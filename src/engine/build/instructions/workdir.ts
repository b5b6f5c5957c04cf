import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface WorkdirInstruction extends Written {
  readonly kind: "workdir";
  readonly path: string;
}

export function readWorkdir(reader: InstructionReader): WorkdirInstruction {
  reader.noFlags();
  return { kind: "workdir", ...reader.written, path: reader.single("a path") };
}
