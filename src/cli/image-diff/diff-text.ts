import { valueText } from "../../rbuild/explain/value-text.ts";
import type { DiffedSource, ImageDiff } from "../../rbuild/index.ts";
import { counted } from "../../system/counted.ts";
import { textTable } from "../text-table.ts";
import { growthText, kindText, missingText, packageText, sideText, summaryText } from "./diff-facts.ts";

/** A diff as lines for a terminal. */
export function diffLines(diff: ImageDiff): string[] {
  const { from, to, packages, fields, sources, notes } = diff;
  const sides = textTable([
    ["FROM", from.label, sideText(from)],
    ["TO", to.label, sideText(to)],
  ]);
  const rows = packages.map((each) => [packageText(each, diff), kindText(each), each.from?.version ?? "", each.to?.version ?? "", growthText(each)]);
  const table = rows.length === 0 ? [] : ["", ...textTable([["PACKAGE", "CHANGE", "FROM", "TO", "BYTES"], ...rows])];
  const others = fields.map(({ field, was, is }) => [`  ${field}`, `${valueText(was)} -> ${valueText(is)}`]);
  return [
    ...sides,
    ...table,
    "",
    diff.kind === "identical" ? "identical" : summaryText(diff),
    ...(others.length === 0 ? [] : ["", "also different:", ...textTable(others)]),
    ...sources.flatMap(sourceLines),
    ...notes.flatMap((note) => ["", `note: ${note}`]),
  ];
}

function sourceLines(source: DiffedSource): string[] {
  const { name, from, to, packages, cves, changelog } = source;
  const missing = missingText(source);
  if (changelog.kind === "missing") return missing === undefined ? [] : ["", `${name} ${from} -> ${to}: ${missing}`];
  const others = packages.length === 1 && packages[0] === name ? "" : ` (${packages.join(", ")})`;
  const entries = changelog.entries.flatMap(({ version, lines }) => [`  ${version}`, ...lines.map((line) => `  ${line}`.trimEnd())]);
  return [
    "",
    `${name} ${from} -> ${to}${others}${cves.length === 0 ? "" : `: ${cvesText(source)}`}`,
    ...entries,
    ...(changelog.omittedLines === 0 ? [] : [`  … ${counted(changelog.omittedLines, "more line")}`]),
  ];
}

const cvesText = ({ kind, cves }: DiffedSource): string => (kind === "downgraded" ? `no longer fixed: ${cves.join(" ")}` : cves.join(" "));
