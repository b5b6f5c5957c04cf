import type { Heredoc } from "../parse/ast.ts";
import { isHeredocWord } from "../parse/heredocs.ts";
import type { InstructionReader } from "./reader.ts";

/** What COPY and ADD have in common. */
export interface FilesArguments {
  /** Paths and patterns below the source's root. */
  readonly sources: readonly string[];
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  /** `user[:group]` as names or numbers. */
  readonly chown?: string;
  /** Octal. */
  readonly chmod?: string;
}

export const FILES_FLAGS = ["chown", "chmod", "link"] as const;

export function readFilesArguments(reader: InstructionReader, flags: ReturnType<InstructionReader["flags"]>): FilesArguments {
  const words = reader.words("at least one source and a destination", 2);
  const destination = words.at(-1) ?? "";
  const [chown, chmod] = [reader.value(flags, "chown"), reader.value(flags, "chmod")];
  reader.boolean(flags, "link");
  const sources = words.slice(0, -1).filter((word) => reader.node.json !== undefined || !isHeredocWord(word));
  return {
    sources,
    heredocs: reader.node.heredocs,
    destination,
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
  };
}
