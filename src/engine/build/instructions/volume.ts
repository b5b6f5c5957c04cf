import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface VolumeInstruction extends Written {
  readonly kind: "volume";
  readonly paths: readonly string[];
}

export function readVolume(reader: InstructionReader): VolumeInstruction {
  reader.noFlags();
  const paths = reader.words("a path");
  if (paths.some((path) => path.trim() === "")) throw reader.error("VOLUME needs paths that are not empty");
  return { kind: "volume", ...reader.written, paths };
}
