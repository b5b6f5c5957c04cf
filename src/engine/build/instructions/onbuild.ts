import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

/** Recorded in the image, executed by the build that starts from it. */
export interface OnbuildInstruction extends Written {
  readonly kind: "onbuild";
  /** The trigger as Dockerfile text, here-documents included. */
  readonly trigger: string;
}

const NEVER = new Set(["ONBUILD", "FROM", "MAINTAINER"]);

export function readOnbuild(reader: InstructionReader): OnbuildInstruction {
  reader.noFlags();
  const trigger = reader.single("an instruction");
  const keyword = /^\S+/.exec(trigger)?.[0].toUpperCase() ?? "";
  if (NEVER.has(keyword)) throw reader.error(`ONBUILD cannot trigger ${keyword}`);
  const bodies = reader.node.heredocs.map(({ content, name }) => `\n${content}${name}`).join("");
  return { kind: "onbuild", ...reader.written, trigger: trigger + bodies };
}
