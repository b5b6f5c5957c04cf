import type { RbuildError } from "../../../system/index.ts";
import type { EscapeCharacter, Flag, InstructionNode } from "../parse/ast.ts";
import { syntaxError } from "../parse/syntax-error.ts";
import type { CommandLine, Written } from "./instruction.ts";

/** What one instruction's reader works with: its node, and errors that name its place. */
export class InstructionReader {
  readonly node: InstructionNode;
  readonly escape: EscapeCharacter;
  readonly #file: string;

  constructor(node: InstructionNode, escape: EscapeCharacter, file: string) {
    this.node = node;
    this.escape = escape;
    this.#file = file;
  }

  get written(): Written {
    const { text, line, column } = this.node;
    return { text, line, column };
  }

  error(reason: string, place: { readonly line: number; readonly column: number } = this.node): RbuildError {
    return syntaxError({ file: this.#file, line: place.line, column: place.column }, reason);
  }

  /** The flags, each at most once unless `repeated` names it. @throws RbuildError `dockerfile.syntax` for any other flag */
  flags(known: readonly string[], repeated: readonly string[] = []): ReadonlyMap<string, Flag> {
    const flags = new Map<string, Flag>();
    for (const flag of this.node.flags) {
      if (!known.includes(flag.name) && !repeated.includes(flag.name)) throw this.error(`${this.node.keyword} has no flag --${flag.name}`, flag);
      if (flags.has(flag.name) && !repeated.includes(flag.name)) throw this.error(`the flag --${flag.name} is given twice`, flag);
      flags.set(flag.name, flag);
    }
    return flags;
  }

  noFlags(): void {
    this.flags([]);
  }

  /** A flag's value, undefined when the flag is absent. */
  value(flags: ReadonlyMap<string, Flag>, name: string): string | undefined {
    const flag = flags.get(name);
    if (flag && flag.value === undefined) throw this.error(`the flag --${name} needs a value`, flag);
    return flag?.value;
  }

  /** A flag without value, or with `true` or `false`. */
  boolean(flags: ReadonlyMap<string, Flag>, name: string): boolean {
    const flag = flags.get(name);
    if (flag && !["true", "false", undefined].includes(flag.value)) throw this.error(`the flag --${name} is true or false`, flag);
    return flag !== undefined && flag.value !== "false";
  }

  /** The rest as one text. */
  single(what: string): string {
    if (this.node.rest === "") throw this.error(`${this.node.keyword} needs ${what}`);
    return this.node.rest;
  }

  /** The rest as words: those of a JSON array, else separated by white space. */
  words(what: string, least = 1): readonly string[] {
    const words = this.node.json ?? this.node.rest.split(/\s+/).filter((word) => word !== "");
    if (words.length < least) throw this.error(`${this.node.keyword} needs ${what}`);
    return words;
  }

  command(): CommandLine {
    const { json, rest } = this.node;
    return json ? { form: "exec", args: json } : { form: "shell", command: rest };
  }
}
