import { join } from "node:path";
import { MAKEFILE_NAMES } from "../../../make-runner/index.ts";
import { nearNames, RbuildError, readFileIfExists } from "../../../system/index.ts";

const MAX_MAKEFILE_BYTES = 4 * 1024 * 1024;

/** Name of the makefile that make would read in the directory. @throws RbuildError `iso.no-makefile` */
export async function findMakefile(directory: string): Promise<{ readonly name: string; readonly text: string }> {
  for (const name of MAKEFILE_NAMES) {
    const bytes = await readFileIfExists(join(directory, name), MAX_MAKEFILE_BYTES);
    if (bytes) return { name, text: bytes.toString("utf8") };
  }
  throw new RbuildError("iso.no-makefile", `${directory} has no Makefile`, {
    category: "not-found",
    hint: "write a Makefile with a target that builds the artifacts, or rbuild init",
    details: { directory },
  });
}

/**
 * What can be said of a makefile's targets by looking at its text: running make would run the tree's own `$(shell …)` on
 * the host. `isComplete` is false where targets may come from elsewhere; then make itself is asked, in the container.
 */
export function literalTargets(text: string): { readonly names: readonly string[]; readonly isComplete: boolean } {
  const names = new Set<string>();
  let isComplete = true;
  const logicalLines = text.replaceAll(/\\\n/g, " ").split("\n");
  for (const line of logicalLines) {
    if (line.startsWith("\t") || /^\s*#/.test(line)) continue;
    if (/^\s*(?:-|s)?include\s|\$[({](?:eval|call|foreach)\b|^\s*define\s/.test(line)) isComplete = false;
    // A rule, and not an assignment: `a b: c`, `a:: b`, `a b &: c`.
    const rule = /^ *([^#=:]+?)\s*&?::?(?![:=])/.exec(line);
    if (!rule?.[1]) continue;
    for (const name of rule[1].split(/\s+/)) {
      if (/[$%*?[]/.test(name)) isComplete = false;
      else if (!/^\.[A-Z_]+$/.test(name)) names.add(name);
    }
  }
  return { names: [...names], isComplete };
}

export function unknownTarget(target: string, makefile: string, known: readonly string[]): RbuildError {
  const near = nearNames(target, known);
  const list = known.slice(0, 30).join(", ");
  return new RbuildError("iso.unknown-target", `${makefile} has no target ${target}${near.length > 0 ? `; did you mean ${near.join(" or ")}?` : ""}`, {
    category: "invalid",
    hint: known.length > 0 ? `rbuild iso TARGET, or target: in rbuild.yaml, with one of ${list}` : `add the target ${target} to ${makefile}`,
    details: { target, makefile, near, known },
  });
}
