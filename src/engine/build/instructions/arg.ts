import { splitWords } from "../words/split-words.ts";
import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface ArgInstruction extends Written {
  readonly kind: "arg";
  /** Without value: whatever the caller gives, or the value it had before the first FROM. */
  readonly declarations: readonly { readonly name: string; readonly value?: string }[];
}

export function readArg(reader: InstructionReader): ArgInstruction {
  reader.noFlags();
  const declarations = splitWords(reader.single("a name"), reader.escape).map((word) => {
    const equals = word.indexOf("=");
    const name = equals === -1 ? word : word.slice(0, equals);
    if (!/^[a-zA-Z_][a-zA-Z0-9_.-]*$/.test(name)) throw reader.error(`${JSON.stringify(name)} is not a name an argument can have`);
    return equals === -1 ? { name } : { name, value: word.slice(equals + 1) };
  });
  return { kind: "arg", ...reader.written, declarations };
}
