import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface StopsignalInstruction extends Written {
  readonly kind: "stopsignal";
  readonly signal: string;
}

export function readStopsignal(reader: InstructionReader): StopsignalInstruction {
  reader.noFlags();
  return { kind: "stopsignal", ...reader.written, signal: reader.single("a signal") };
}
