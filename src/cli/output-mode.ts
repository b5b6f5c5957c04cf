import type { Reporter } from "../ui/index.ts";
import type { GlobalOptions } from "./global-options.ts";
import type { Settings } from "./settings/settings.ts";

/** `live` and `plain` go to stderr, so that stdout has the result alone; `json` goes to stdout. */
export type OutputMode = "live" | "plain" | "json" | "quiet";

/** The live view where a person watches a terminal that can draw it. */
export function chooseOutputMode(
  globals: GlobalOptions,
  settings: Pick<Settings, "ui">,
  terminal: { readonly isTTY: boolean; readonly environment: Readonly<Record<string, string | undefined>> },
): OutputMode {
  if (globals.json) return "json";
  if (globals.quiet) return "quiet";
  const { TERM, CI } = terminal.environment;
  const canDraw = terminal.isTTY && TERM !== undefined && TERM !== "dumb" && !CI;
  return globals.plain || settings.ui === "plain" || !canDraw ? "plain" : "live";
}

/** A reporter for the mode. Only the live one costs the import of ink. */
export async function openReporter(mode: OutputMode): Promise<Reporter> {
  const { createJsonReporter, createPlainReporter, createQuietReporter } = await import("../ui/index.ts");
  const ticks = () => performance.now();
  switch (mode) {
    case "json":
      return createJsonReporter(process.stdout, () => new Date());
    case "plain":
      return createPlainReporter(process.stderr, ticks);
    case "quiet":
      return createQuietReporter(process.stderr);
    case "live": {
      process.env["NODE_ENV"] ??= "production"; // React's development build checks every element
      const hasColor = process.stderr.hasColors();
      // ink asks stdout for colours, which may be a pipe; the view is on stderr
      if (hasColor && process.env["FORCE_COLOR"] === undefined) process.env["FORCE_COLOR"] = "1";
      const { createLiveReporter } = await import("../ui/live/index.ts");
      return createLiveReporter({ stream: process.stderr, ticks, environment: process.env, hasColor });
    }
    default:
      return mode satisfies never;
  }
}
