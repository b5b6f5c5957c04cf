import { styleText } from "node:util";
import type { ErrorReport } from "./error-report.ts";

/** An error for people: what happened, its code, what mends it; what lay behind it and the stack when asked. */
export function printError(report: ErrorReport, stream: NodeJS.WriteStream, options: { readonly verbose: boolean }): void {
  const style = (format: "red" | "bold" | "dim", text: string) => styleText(format, text, { stream });
  const lines = [`${style("red", "rbuild:")} ${report.message} ${style("dim", `[${report.code}]`)}`];
  if (report.hint !== undefined) lines.push(`  ${style("bold", "to mend it:")} ${report.hint}`);
  if (options.verbose) {
    lines.push(...report.causes.map((cause) => `  because: ${cause}`));
    if (Object.keys(report.details).length > 0) lines.push(`  details: ${JSON.stringify(report.details)}`);
    if (report.stack !== undefined) lines.push(report.stack);
  }
  stream.write(`${lines.join("\n")}\n`);
}
