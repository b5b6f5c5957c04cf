import type { Dockerfile, DockerfileWarning, EscapeCharacter, InstructionNode } from "./ast.ts";
import { readDirectives } from "./directives.ts";
import { readFlags } from "./flags.ts";
import { HEREDOC_KEYWORDS, heredocOpenings, readHeredoc } from "./heredocs.ts";
import { type LogicalLine, logicalLineAt, positionOf } from "./logical-lines.ts";
import { syntaxError } from "./syntax-error.ts";

export const MAX_DOCKERFILE_BYTES = 1024 * 1024;

/** Text → AST. @throws RbuildError `dockerfile.syntax` and nothing else */
export function parseDockerfile(text: string, file = "Dockerfile"): Dockerfile {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const warnings: DockerfileWarning[] = [];
  const { escape, count } = readDirectives(lines, file);
  const instructions: InstructionNode[] = [];
  for (let index = count; ; ) {
    const line = logicalLineAt(lines, index, escape, (warning) => warnings.push(warning));
    if (!line) break;
    const { node, next } = parseInstruction(lines, line, escape, file);
    instructions.push(node);
    index = next;
  }
  if (instructions.length === 0) throw syntaxError({ file, line: 1, column: 1 }, "there is no instruction in it");
  return { file, escape, instructions, warnings };
}

function parseInstruction(
  lines: readonly string[],
  line: LogicalLine,
  escape: EscapeCharacter,
  file: string,
): { readonly node: InstructionNode; readonly next: number } {
  const text = line.text.trimEnd();
  const [word = ""] = /^\S+/.exec(text) ?? [];
  const start = positionOf(line, 0);
  if (!/^[a-zA-Z]+$/.test(word)) throw syntaxError({ file, ...start }, `${JSON.stringify(word)} is not an instruction`);
  const keyword = word.toUpperCase();
  const { flags, restOffset } = readFlags(text.slice(word.length), escape);
  const rest = text.slice(word.length + restOffset);
  const json = jsonArray(rest);
  const heredocs = [];
  let next = line.next;
  if (json === undefined && takesHeredocs(keyword, rest)) {
    for (const opening of heredocOpenings(rest, escape)) {
      const read = readHeredoc(lines, next, opening);
      if (!read) throw syntaxError({ file, ...start }, `the here-document ${opening.name} is not ended`);
      heredocs.push(read.heredoc);
      next = read.next;
    }
  }
  const node = {
    keyword,
    ...start,
    endLine: next,
    text,
    flags: flags.map(({ offset, ...flag }) => ({ ...flag, ...positionOf(line, word.length + offset) })),
    rest,
    ...(json === undefined ? {} : { json }),
    heredocs,
  };
  return { node, next };
}

function takesHeredocs(keyword: string, rest: string): boolean {
  if (keyword !== "ONBUILD") return HEREDOC_KEYWORDS.has(keyword);
  return HEREDOC_KEYWORDS.has(/^\S*/.exec(rest)?.[0].toUpperCase() ?? "");
}

/** The text as a JSON array of strings; anything else is the shell form, as Docker has it. */
function jsonArray(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item): item is string => typeof item === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}
