import { valueText } from "../../rbuild/explain/value-text.ts";
import type { DiffedSource, ImageDiff } from "../../rbuild/index.ts";
import { counted } from "../../system/counted.ts";
import { growthText, kindText, missingText, packageText, sideText, summaryText } from "./diff-facts.ts";

/** A diff as Markdown for a merge request: tables, and each changelog behind a heading that opens. Nothing of a package is read as markup. */
export function diffMarkdown(diff: ImageDiff): string[] {
  const { from, to, packages, fields, sources, notes } = diff;
  const rows = packages.map((each) => [
    code(packageText(each, diff)),
    kindText(each),
    each.from ? code(each.from.version) : "",
    each.to ? code(each.to.version) : "",
    growthText(each),
  ]);
  return [
    `### ${code(from.label)} → ${code(to.label)}`,
    "",
    diff.kind === "identical" ? "Identical." : `${summaryText(diff)} (${sideText(from)} → ${sideText(to)})`,
    ...(rows.length === 0 ? [] : ["", ...table(["package", "change", "from", "to", "bytes"], rows)]),
    ...(fields.length === 0
      ? []
      : [
          "",
          ...table(
            ["also different", "from", "to"],
            fields.map(({ field, was, is }) => [field, valueText(was), valueText(is)].map(code)),
          ),
        ]),
    ...sources.flatMap(sourceSection),
    ...notes.flatMap((note) => ["", `> ${text(note)}`]),
  ];
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [heading, heading.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
}

function sourceSection(source: DiffedSource): string[] {
  const { name, kind, from, to, packages, cves, changelog } = source;
  const missing = missingText(source);
  const versions = `${code(name)} ${code(from)} → ${code(to)}`;
  if (changelog.kind === "missing") return missing === undefined ? [] : ["", `${versions}: ${missing}`];
  const fixes = cves.length === 0 ? "" : ` — ${kind === "downgraded" ? "no longer fixed: " : ""}${cves.join(", ")}`;
  const lines = changelog.entries.flatMap(({ version, lines: own }) => [version, ...own]);
  const fence = "`".repeat(Math.max(3, ...lines.map((line) => longestRun(line) + 1)));
  return [
    "",
    `<details><summary>${html(`${name} ${from} → ${to}`)}${fixes}</summary>`,
    "",
    ...(packages.length === 1 && packages[0] === name ? [] : [packages.map(code).join(", "), ""]),
    fence,
    ...lines,
    ...(changelog.omittedLines === 0 ? [] : [`… ${counted(changelog.omittedLines, "more line")}`]),
    fence,
    "",
    "</details>",
  ];
}

/** Backticks in a row. */
const longestRun = (line: string): number => Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));

/** Inline code, also in a table's cell. */
function code(value: string): string {
  const fence = "`".repeat(longestRun(value) + 1);
  const pad = value.startsWith("`") || value.endsWith("`") ? " " : "";
  return `${fence}${pad}${value.replaceAll("|", "\\|").replaceAll(/\s/g, " ")}${pad}${fence}`;
}

const html = (value: string): string => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const text = (value: string): string => html(value).replaceAll(/([\\`*_[\]#|])/g, "\\$1");
