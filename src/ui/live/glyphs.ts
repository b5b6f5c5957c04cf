/** The signs of the live view. */
export interface Glyphs {
  readonly spinner: readonly string[];
  readonly done: string;
  readonly cached: string;
  readonly skipped: string;
  readonly failed: string;
  readonly warning: string;
  readonly log: string;
  readonly barDone: string;
  readonly barLeft: string;
  readonly more: string;
}

const UNICODE: Glyphs = {
  spinner: ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
  done: "✓",
  cached: "=",
  skipped: "-",
  failed: "✗",
  warning: "!",
  log: "│",
  barDone: "█",
  barLeft: "░",
  more: "…",
};

const ASCII: Glyphs = {
  spinner: ["|", "/", "-", "\\"],
  done: "+",
  cached: "=",
  skipped: "-",
  failed: "x",
  warning: "!",
  log: "|",
  barDone: "#",
  barLeft: ".",
  more: "...",
};

/** Unicode where the locale says that the terminal can show it. */
export function glyphsFor(environment: Readonly<Record<string, string | undefined>>): Glyphs {
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  return /utf-?8/i.test(locale) ? UNICODE : ASCII;
}
