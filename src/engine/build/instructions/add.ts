import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";
import { FILES_FLAGS, type FilesArguments, readFilesArguments } from "./source-files.ts";

/** Like COPY from the build context, but local tar archives are unpacked. */
export interface AddInstruction extends Written, FilesArguments {
  readonly kind: "add";
}

const REMOTE = /^(?:(?:https?|ftp|git|ssh):\/\/|git@)/i;

export function readAdd(reader: InstructionReader): AddInstruction {
  const files = readFilesArguments(reader, reader.flags(FILES_FLAGS));
  const remote = files.sources.find((source) => REMOTE.test(source));
  if (remote !== undefined) {
    throw reader.error(`ADD of ${remote} would fetch bytes nobody has pinned; fetch it before the build and COPY it, or check its digest in a RUN`);
  }
  return { kind: "add", ...reader.written, ...files };
}
