import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

/** Deprecated: the author of the image. */
export interface MaintainerInstruction extends Written {
  readonly kind: "maintainer";
  readonly author: string;
}

export function readMaintainer(reader: InstructionReader): MaintainerInstruction {
  reader.noFlags();
  return { kind: "maintainer", ...reader.written, author: reader.single("a name") };
}
