import { splitWords } from "../words/split-words.ts";
import type { Written } from "./instruction.ts";
import type { InstructionReader } from "./reader.ts";

export interface ExposeInstruction extends Written {
  readonly kind: "expose";
  /** `port[-port][/protocol]`, possibly with variables. */
  readonly ports: readonly string[];
}

export function readExpose(reader: InstructionReader): ExposeInstruction {
  reader.noFlags();
  return { kind: "expose", ...reader.written, ports: splitWords(reader.single("a port"), reader.escape) };
}
