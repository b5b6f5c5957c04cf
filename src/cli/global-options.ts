import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Option } from "commander";

/** Options of every command, before or after its name. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly plain?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly directory?: string;
  readonly engineRoot?: string;
  readonly runRoot?: string;
  readonly host?: string;
  readonly rootless?: boolean;
}

/** Fresh ones for each command: commander keeps state in them. */
function globalOptions(): Option[] {
  return [
    new Option("-C, --directory <dir>", "work as if started in this directory"),
    new Option("--json", "write events and the result to stdout as JSON, one per line"),
    new Option("--plain", "write plain lines instead of the live view"),
    new Option("-q, --quiet", "write nothing but warnings, errors and the result"),
    new Option("--verbose", "show what lay behind an error"),
    new Option("--engine-root <dir>", "where the embedded engine keeps images and containers"),
    new Option("--run-root <dir>", "where the embedded engine keeps what ends with the boot"),
    new Option("--host <address>", "use the Docker API at unix:///path or tcp://host:port instead of the embedded engine (or set DOCKER_HOST)"),
    new Option("--rootless", "work without root, in a user namespace, with an engine of one's own: images, and trees whose packages are locked"),
  ];
}

/** Gives the program its global options, and every command hidden copies of them, so that their place does not matter. */
export function addGlobalOptions(program: CommandUnknownOpts): void {
  for (const option of globalOptions()) program.addOption(option);
  const visit = (command: CommandUnknownOpts) => {
    for (const option of globalOptions()) command.addOption(withoutTaken(option, command).hideHelp());
    command.commands.forEach(visit);
  };
  program.commands.forEach(visit);
}

/** A command's own short option (`run -C`, say) wins over a global one. */
function withoutTaken(option: Option, command: CommandUnknownOpts): Option {
  const isTaken = option.short !== undefined && command.options.some((own) => own.short === option.short);
  return isTaken ? new Option(option.flags.replace(/^-\w, /, ""), option.description) : option;
}

export function globalOptionsOf(command: CommandUnknownOpts): GlobalOptions {
  return command.optsWithGlobals();
}
