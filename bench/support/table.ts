import { type BenchResult, medianOf, type Row } from "./bench.ts";

/** The result for people: a line per way, per ratio and per check. */
export function table(result: BenchResult): string {
  const head = ["", "median", "least", "most", "runs"];
  const rows = result.rows.map((row) => [row.what, milliseconds(medianOf(row)), ...extremes(row), String(row.samples.length)]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((line) => line[column]?.length ?? 0)));
  const lines = [head, ...rows].map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "),
  );
  for (const { what, value, limit } of result.ratios) {
    const verdict = limit === undefined ? "" : ` (at most ${limit}: ${value <= limit ? "kept" : "BROKEN"})`;
    lines.push(`${what}: ${value.toFixed(3)}${verdict}`);
  }
  for (const { what, holds, detail } of result.checks) lines.push(`${what}: ${holds ? "yes" : "NO"}, ${detail}`);
  return lines.map((line) => `  ${line}`).join("\n");
}

function extremes(row: Row): string[] {
  return [milliseconds(Math.min(...row.samples)), milliseconds(Math.max(...row.samples))];
}

function milliseconds(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(1)} ms`;
}
