import { RbuildError } from "../../../system/index.ts";

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The one error of the parser and of the instructions' readers. */
export function syntaxError(place: Place, reason: string): RbuildError {
  const { file, line, column } = place;
  return new RbuildError("dockerfile.syntax", `${file}:${line}:${column}: ${reason}`, {
    category: "invalid",
    hint: `mend line ${line} of ${file}`,
    details: { file, line, column, reason },
  });
}
