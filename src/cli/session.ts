import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { firstError } from "../system/errors.ts";
import { type Ending, type Reporter, writeJsonLine } from "../ui/index.ts";
import { reportOf } from "./error-report.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import { type GlobalOptions, globalOptionsOf } from "./global-options.ts";
import { listenForInterrupts } from "./interruption.ts";
import { commandName } from "./new-command.ts";
import { chooseOutputMode, type OutputMode, openReporter } from "./output-mode.ts";
import { printError } from "./print-error.ts";
import { readSettings } from "./settings/read-settings.ts";
import type { Settings } from "./settings/settings.ts";

/** What a command works with. */
export interface Session {
  readonly globals: GlobalOptions;
  readonly settings: Settings;
  readonly mode: OutputMode;
  readonly reporter: Reporter;
  /** Aborts when the command is to stop. */
  readonly signal: AbortSignal;
}

/** What a command answers. */
export interface CommandResult {
  /** With `--json`: the `data` of the last line. */
  readonly data: unknown;
  /** Otherwise: lines for stdout. */
  readonly lines?: readonly string[];
  /** The live view has shown what `lines` say. */
  readonly isInView?: boolean;
  /** For people, on stderr: what they should know of a result besides. */
  readonly notes?: readonly string[];
  readonly exitCode?: number;
}

const SILENT: Reporter = { report() {}, stopping() {}, async close() {} };

/** Runs a command from its options to its exit code; whatever it throws is shown once. */
export async function runSession(
  command: CommandUnknownOpts,
  body: (session: Session) => Promise<CommandResult>,
  options: { readonly showsProgress?: boolean /** SIGHUP is the command's own business. */; readonly reloads?: boolean } = {},
): Promise<void> {
  const globals = globalOptionsOf(command);
  let reporter = SILENT;
  using interruption = listenForInterrupts(() => reporter.stopping(), options.reloads ? ["SIGINT", "SIGTERM"] : undefined);
  const { signal } = interruption;
  try {
    const settings = await readSettings(process.env);
    const mode = chooseOutputMode(globals, settings, { isTTY: process.stderr.isTTY, environment: process.env });
    if (options.showsProgress) reporter = await openReporter(mode);
    signal.throwIfAborted();
    const result = await body({ globals, settings, mode, reporter, signal });
    await reporter.close("done");
    deliver(result, mode, commandName(command));
    process.exitCode = result.exitCode ?? EXIT.done;
  } catch (error) {
    const ending: Ending = signal.aborted ? "interrupted" : "failed";
    await reporter.close(ending);
    process.exitCode = fail(signal.aborted ? signal.reason : error, commandName(command), globals, interruption.exitCode());
  }
}

/** Shows an error where the options want it. Returns its exit code, which a signal that ended the command decides. */
export function fail(error: unknown, command: string, globals: GlobalOptions, exitCodeOfEnd?: number): number {
  const { stack, ...report } = reportOf(firstError(error), command);
  const exitCode = exitCodeOfEnd ?? exitCodeOf(report);
  if (globals.json) writeJsonLine(process.stdout, { kind: "error", command, exitCode, ...report }, new Date());
  else printError({ ...report, ...(stack === undefined ? {} : { stack }) }, process.stderr, { verbose: globals.verbose === true || isDebugging() });
  return exitCode;
}

function deliver(result: CommandResult, mode: OutputMode, command: string): void {
  if (mode === "json") {
    writeJsonLine(process.stdout, { kind: "result", command, exitCode: result.exitCode ?? EXIT.done, data: result.data }, new Date());
    return;
  }
  if (mode !== "quiet" && result.notes) process.stderr.write(result.notes.map((note) => `rbuild: ${note}\n`).join(""));
  if (result.isInView && mode === "live" && process.stdout.isTTY) return;
  if (result.lines && result.lines.length > 0) process.stdout.write(`${result.lines.join("\n")}\n`);
}

function isDebugging(): boolean {
  return Boolean(process.env["RBUILD_DEBUG"]);
}
