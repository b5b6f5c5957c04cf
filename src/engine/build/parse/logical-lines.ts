import type { DockerfileWarning, EscapeCharacter } from "./ast.ts";

/** Physical lines joined by the escape character, comments and the joints taken out. */
export interface LogicalLine {
  readonly text: string;
  /** Where pieces of the text come from: the piece that begins at `offset` is at `line`, `column`. */
  readonly pieces: readonly { readonly offset: number; readonly line: number; readonly column: number }[];
  /** Index of the physical line after it. */
  readonly next: number;
}

const isComment = (line: string): boolean => /^\s*#/.test(line);

/** The line without its joint, or undefined when it has none. An escape character that is itself escaped joins nothing. */
function withoutJoint(line: string, escape: EscapeCharacter): string | undefined {
  let end = line.length;
  while (line[end - 1] === " " || line[end - 1] === "\t") end--;
  const trimmed = line.slice(0, end);
  if (!trimmed.endsWith(escape) || trimmed.endsWith(escape + escape)) return undefined;
  return trimmed.slice(0, -1);
}

/** The logical line that begins at physical line `start`, or undefined when only comments and empty lines follow. */
export function logicalLineAt(
  lines: readonly string[],
  start: number,
  escape: EscapeCharacter,
  warn: (warning: DockerfileWarning) => void,
): LogicalLine | undefined {
  let index = start;
  while (index < lines.length && (lines[index]?.trim() === "" || isComment(lines[index] ?? ""))) index++;
  if (index >= lines.length) return undefined;
  const pieces: { offset: number; line: number; column: number }[] = [];
  const texts: string[] = [];
  let offset = 0;
  let emptyLine: number | undefined;
  for (let joined = true; joined && index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (pieces.length > 0 && isComment(line)) continue;
    if (pieces.length > 0 && line.trim() === "") {
      emptyLine ??= index + 1;
      continue;
    }
    const body = withoutJoint(line, escape);
    joined = body !== undefined;
    const text = body ?? line;
    const trimmed = pieces.length === 0 ? text.trimStart() : text;
    pieces.push({ offset, line: index + 1, column: text.length - trimmed.length + 1 });
    texts.push(trimmed);
    offset += trimmed.length;
  }
  if (emptyLine !== undefined) warn({ line: emptyLine, message: "an empty line in the middle of an instruction is ignored" });
  return { text: texts.join(""), pieces, next: index };
}

/** Line and column of an offset in the joined text. */
export function positionOf(line: LogicalLine, offset: number): { readonly line: number; readonly column: number } {
  const piece = line.pieces.findLast((candidate) => candidate.offset <= offset) ?? { offset: 0, line: 1, column: 1 };
  return { line: piece.line, column: piece.column + offset - piece.offset };
}
