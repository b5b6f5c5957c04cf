import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";
import { FILES_FLAGS, type FilesArguments, readFilesArguments } from "./source-files.ts";

export interface CopyInstruction extends Written, FilesArguments {
  readonly kind: "copy";
  /** Stage name or number, or an image; undefined: the build context. */
  readonly from?: string;
}

export function readCopy(reader: InstructionReader): CopyInstruction {
  const flags = reader.flags([...FILES_FLAGS, "from"]);
  const from = reader.value(flags, "from");
  return { kind: "copy", ...reader.written, ...readFilesArguments(reader, flags), ...(from === undefined ? {} : { from }) };
}
