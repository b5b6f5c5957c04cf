import type { CommandLine, Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface EntrypointInstruction extends Written {
  readonly kind: "entrypoint";
  readonly command: CommandLine;
}

export function readEntrypoint(reader: InstructionReader): EntrypointInstruction {
  reader.noFlags();
  return { kind: "entrypoint", ...reader.written, command: reader.command() };
}
