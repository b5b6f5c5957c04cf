import type { EscapeCharacter } from "../parse/ast.ts";

export interface SubstituteOptions {
  readonly escape: EscapeCharacter;
  /** Value of a variable, undefined when it is not set. */
  readonly lookup: (name: string) => string | undefined;
  /** Keep quotes and escapes as they are: content of here-documents. Default false. */
  readonly raw?: boolean;
}

/** What `substitute` throws; the caller knows the line. */
export class SubstitutionError extends Error {
  override readonly name = "SubstitutionError";
}

/** Deeper nesting of `${a:-${b:-…}}` than anyone writes. */
const MAX_DEPTH = 32;

/**
 * Replaces `$name`, `${name}`, `${name:-word}`, `${name-word}`, `${name:+word}`, `${name+word}`, `${name:?word}` and `${name?word}`, takes
 * quotes and escapes away, and leaves what is in single quotes alone: the Dockerfile reference, "Environment replacement".
 * @throws SubstitutionError
 */
export function substitute(text: string, options: SubstituteOptions): string {
  return new Substitution(text, options, 0).whole();
}

class Substitution {
  readonly #text: string;
  readonly #options: SubstituteOptions;
  readonly #depth: number;
  #at = 0;

  constructor(text: string, options: SubstituteOptions, depth: number) {
    if (depth > MAX_DEPTH) throw new SubstitutionError(`variables are nested more than ${MAX_DEPTH} deep`);
    this.#text = text;
    this.#options = options;
    this.#depth = depth;
  }

  whole(): string {
    let result = "";
    while (this.#at < this.#text.length) result += this.#step(false);
    return result;
  }

  #step(inDoubleQuotes: boolean): string {
    const { escape, raw = false } = this.#options;
    const character = this.#text[this.#at] ?? "";
    if (character === "$") return this.#dollar();
    this.#at++;
    if (character === escape) return this.#escaped(inDoubleQuotes, raw);
    if (!raw && !inDoubleQuotes && character === "'") return this.#singleQuoted();
    if (!raw && !inDoubleQuotes && character === '"') return this.#doubleQuoted();
    return character;
  }

  #escaped(inDoubleQuotes: boolean, raw: boolean): string {
    const { escape } = this.#options;
    const next = this.#text[this.#at];
    if (next === undefined) return escape;
    if (raw && next !== "$" && next !== escape) return escape;
    this.#at++;
    return inDoubleQuotes && next !== '"' && next !== "$" && next !== escape ? escape + next : next;
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end === -1) throw new SubstitutionError("a single quote is not closed");
    const content = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return content;
  }

  #doubleQuoted(): string {
    let content = "";
    while (this.#text[this.#at] !== '"') {
      if (this.#at >= this.#text.length) throw new SubstitutionError("a double quote is not closed");
      content += this.#step(true);
    }
    this.#at++;
    return content;
  }

  #dollar(): string {
    const rest = this.#text.slice(this.#at + 1);
    if (rest.startsWith("{")) return this.#braces();
    const name = /^(?:[a-zA-Z_][a-zA-Z0-9_]*|[0-9]+|[@*#?\-$!])/.exec(rest)?.[0];
    this.#at += 1 + (name?.length ?? 0);
    return name === undefined ? "$" : (this.#options.lookup(name) ?? "");
  }

  #braces(): string {
    const begin = this.#at + 2;
    const name = /^(?:[a-zA-Z_][a-zA-Z0-9_]*|[0-9]+|[@*#?\-$!])/.exec(this.#text.slice(begin))?.[0];
    if (name === undefined) throw new SubstitutionError("${ is not followed by a name");
    const [operator] = /^(?::?[-+?])?/.exec(this.#text.slice(begin + name.length)) ?? [""];
    const wordBegin = begin + name.length + operator.length;
    const end = this.#closingBrace(wordBegin);
    if (operator === "" && end !== wordBegin) throw new SubstitutionError(`\${${this.#text.slice(begin, end)}} is a form that is not supported`);
    const word = (): string => new Substitution(this.#text.slice(wordBegin, end), this.#options, this.#depth + 1).whole();
    this.#at = end + 1;
    const value = this.#options.lookup(name);
    const isSet = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
    switch (operator.at(-1)) {
      case "-":
        return isSet ? (value ?? "") : word();
      case "+":
        return isSet ? word() : "";
      case "?":
        if (!isSet) throw new SubstitutionError(word() || `the variable ${name} is not set`);
        return value ?? "";
      default:
        return value ?? "";
    }
  }

  /** Offset of the brace that closes the one before `begin`. */
  #closingBrace(begin: number): number {
    let open = 1;
    for (let at = begin; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === this.#options.escape) at++;
      else if (character === "{" && this.#text[at - 1] === "$") open++;
      else if (character === "}" && --open === 0) return at;
    }
    throw new SubstitutionError("${ is not closed by }");
  }
}
