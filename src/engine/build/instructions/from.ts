import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface FromInstruction extends Written {
  readonly kind: "from";
  /** Image reference, name of an earlier stage, or `scratch`. */
  readonly image: string;
  readonly platform?: string;
  /** Name of the stage it begins, in lower case. */
  readonly stage?: string;
}

export function readFrom(reader: InstructionReader): FromInstruction {
  const platform = reader.value(reader.flags(["platform"]), "platform");
  const [image, as, stage, ...more] = reader.node.rest.split(/\s+/).filter((word) => word !== "");
  if (image === undefined || more.length > 0 || (as !== undefined && (as.toUpperCase() !== "AS" || stage === undefined))) {
    throw reader.error("FROM needs an image, and AS with a name if the stage has one");
  }
  const name = stage?.toLowerCase();
  if (name !== undefined && !/^[a-z][a-z0-9_.-]*$/.test(name)) throw reader.error(`${JSON.stringify(stage)} cannot be a stage's name`);
  return { kind: "from", ...reader.written, image, ...(platform === undefined ? {} : { platform }), ...(name === undefined ? {} : { stage: name }) };
}
