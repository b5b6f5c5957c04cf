import { join } from "node:path";
import { nearNames, RbuildError, readFileIfExists } from "../../../system/index.ts";
import { parseYaml, type YamlProblem } from "../../definition/parse-yaml.ts";
import { type RbuildYaml, rbuildYamlSchema } from "./schema.ts";

export const RBUILD_YAML = "rbuild.yaml";
const MAX_RBUILD_YAML_BYTES = 64 * 1024;

/** @throws RbuildError `iso.no-rbuild-yaml`, `iso.invalid-rbuild-yaml`, `file.too-large` */
export async function readRbuildYaml(directory: string): Promise<RbuildYaml> {
  const path = join(directory, RBUILD_YAML);
  const bytes = await readFileIfExists(path, MAX_RBUILD_YAML_BYTES);
  if (!bytes) {
    throw new RbuildError("iso.no-rbuild-yaml", `${directory} has no ${RBUILD_YAML}`, {
      category: "not-found",
      hint: `rbuild init ${directory}, or name the tree with rbuild iso -C DIRECTORY`,
      details: { path },
    });
  }
  return parseRbuildYaml(bytes.toString("utf8"), path);
}

/** @param path names the text in errors */
export function parseRbuildYaml(text: string, path: string): RbuildYaml {
  // An empty file is a tree that is content with every default.
  const isEmpty = text.split("\n").every((line) => /^\s*(?:#|$)/.test(line));
  const parsed = parseYaml(isEmpty ? "{}" : text, rbuildYamlSchema);
  if (parsed.kind === "valid") return parsed.value;
  const problems = parsed.problems.map(withSuggestion).sort((a, b) => a.line - b.line || a.column - b.column);
  throw new RbuildError("iso.invalid-rbuild-yaml", problems.map((problem) => problemText(path, problem)).join("\n"), {
    category: "invalid",
    hint: `correct ${path}; docs/rbuild-yaml.md lists the fields`,
    details: { path, problems },
  });
}

function problemText(path: string, { line, column, field, message }: YamlProblem): string {
  return `${path}:${line}:${column}: ${field === "" ? "" : `${field}: `}${message}`;
}

function withSuggestion(problem: YamlProblem): YamlProblem {
  const [first = "", second] = problem.field.split(".");
  const known = second === undefined && !Object.hasOwn(rbuildYamlSchema.shape, first) ? Object.keys(rbuildYamlSchema.shape) : [];
  const near = nearNames(first, known);
  if (near.length > 0) return { ...problem, message: `${problem.message}; did you mean ${near.join(" or ")}?` };
  if (known.length > 0 && first !== "") return { ...problem, message: `${problem.message}; the fields are ${known.join(", ")}` };
  return problem;
}
