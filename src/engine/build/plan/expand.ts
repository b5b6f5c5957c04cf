import type { Written } from "../instructions/instruction.ts";
import type { EscapeCharacter } from "../parse/ast.ts";
import { syntaxError } from "../parse/syntax-error.ts";
import { SubstitutionError, substitute } from "../words/substitute.ts";

export interface ExpandOptions {
  readonly file: string;
  readonly escape: EscapeCharacter;
  /** Named by the error. */
  readonly instruction: Written;
  readonly lookup: (name: string) => string | undefined;
  /** See `SubstituteOptions`. */
  readonly raw?: boolean;
}

/** `substitute` whose errors name the instruction. @throws RbuildError `dockerfile.syntax` */
export function expandIn(text: string, options: ExpandOptions): string {
  try {
    return substitute(text, options);
  } catch (error) {
    if (error instanceof SubstitutionError) throw syntaxError({ ...options.instruction, file: options.file }, error.message);
    throw error;
  }
}
