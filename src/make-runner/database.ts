/** What make knows of a tree after reading its makefiles. */
export interface MakeDatabase {
  /** Names of all explicit targets, special ones such as `.PHONY` left out, in byte order. */
  readonly targets: readonly string[];
  /** Patterns of the tree's own implicit rules, such as `%.iso`. */
  readonly patterns: readonly string[];
  /** Explicit prerequisites by target, order-only ones included. */
  readonly prerequisites: ReadonlyMap<string, readonly string[]>;
  /** Whether the makefile itself asks for parallel jobs. */
  readonly isParallel: boolean;
}

/** Most lines of `make -p` that are looked at. */
const MAX_LINES = 500_000;

/** Arguments for a make that prints its database and runs nothing: question mode, and a goal that no tree has. */
export const DATABASE_ARGS = ["--print-data-base", "--question", "--no-print-directory", ":"] as const;

/** Reads what `make -pq` prints. Lines of recipes, built-in rules and files that only occur as prerequisites are left out. */
export function parseMakeDatabase(text: string): MakeDatabase {
  const prerequisites = new Map<string, readonly string[]>();
  const patterns = new Set<string>();
  let section: "other" | "implicit" | "files" = "other";
  let isSkipped = false;
  let isParallel = false;
  let lastPattern: string | undefined;
  for (const line of text.split("\n", MAX_LINES)) {
    if (line === "# Implicit Rules") section = "implicit";
    else if (line === "# Files") section = "files";
    else if (/^# (?:files hash-table stats|\d+ implicit rules)/.test(line)) section = "other";
    else if (/^MAKEFLAGS :?= (?:.*\s)?(?:-j|--jobs)/.test(line)) isParallel = true;
    else if (line === "# Not a target:") isSkipped = true;
    else if (line === "") isSkipped = false;
    else if (lastPattern !== undefined && line.startsWith("#  recipe to execute (from ")) patterns.add(lastPattern);
    else if (section !== "other" && !isSkipped && !/^[\t #]/.test(line)) {
      const rule = parseRule(line);
      if (section === "implicit") lastPattern = rule?.target;
      else if (rule && !isSpecial(rule.target)) prerequisites.set(rule.target, [...(prerequisites.get(rule.target) ?? []), ...rule.prerequisites]);
    }
    if (section !== "implicit") lastPattern = undefined;
  }
  return { targets: [...prerequisites.keys()].sort((a, b) => (a < b ? -1 : 1)), patterns: [...patterns], prerequisites, isParallel };
}

/** Whether make has a rule for the name. A pattern that matches may still lack its prerequisites: then make itself says so. */
export function hasTarget(database: MakeDatabase, name: string): boolean {
  if (database.prerequisites.has(name)) return true;
  return database.patterns.some((pattern) => {
    const [before = "", after = ""] = pattern.split("%", 2);
    return name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after);
  });
}

function parseRule(line: string): { readonly target: string; readonly prerequisites: readonly string[] } | undefined {
  const match = /^(.+?)::?(?: (.*))?$/.exec(line);
  if (!match?.[1] || line.includes(":=") || /^[^:]* = /.test(line)) return undefined;
  return { target: match[1], prerequisites: (match[2] ?? "").split(/\s+/).filter((word) => word !== "" && word !== "|") };
}

const isSpecial = (target: string) => /^\.[A-Z_]+$/.test(target);
