import type { CommandLine, Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface CmdInstruction extends Written {
  readonly kind: "cmd";
  readonly command: CommandLine;
}

export function readCmd(reader: InstructionReader): CmdInstruction {
  reader.noFlags();
  return { kind: "cmd", ...reader.written, command: reader.command() };
}
