import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface UserInstruction extends Written {
  readonly kind: "user";
  readonly user: string;
}

export function readUser(reader: InstructionReader): UserInstruction {
  reader.noFlags();
  return { kind: "user", ...reader.written, user: reader.single("a user") };
}
