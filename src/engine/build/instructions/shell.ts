import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface ShellInstruction extends Written {
  readonly kind: "shell";
  readonly shell: readonly string[];
}

export function readShell(reader: InstructionReader): ShellInstruction {
  reader.noFlags();
  if (!reader.node.json?.length) throw reader.error('SHELL needs a JSON array such as ["/bin/bash", "-c"]');
  return { kind: "shell", ...reader.written, shell: reader.node.json };
}
