import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { CommanderError } from "commander";
import { RbuildError } from "../system/errors.ts";
import { EXIT } from "./exit-code.ts";
import { commandName } from "./new-command.ts";
import { createProgram } from "./program.ts";

/** Runs what the arguments say. The exit code is left in `process.exitCode`. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  let lost: NodeJS.ErrnoException | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that went away (`| head`) is no reason to stop a build half way.
    if (error.code !== "EPIPE") lost ??= error;
  });
  process.stderr.on("error", () => {});
  const program = createProgram(args[0]);
  try {
    await program.parseAsync(args, { from: "user" });
    await new Promise((resolve) => setImmediate(resolve));
    if (lost) throw outputLost(lost);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    if (error instanceof CommanderError && error.code === "commander.help") {
      process.exitCode = EXIT.usage; // the help is on stderr already
      return;
    }
    const { fail } = await import("./session.ts");
    process.exitCode = fail(error, calledCommand(program, args), { json: lost === undefined && args.includes("--json"), verbose: args.includes("--verbose") });
  }
}

/** Whoever reads the results of a command that says that it is done takes what is there for all. */
function outputLost(cause: NodeJS.ErrnoException): RbuildError {
  return new RbuildError("cli.output-lost", `what belongs on stdout could not be written: ${cause.message}`, {
    category: "unavailable",
    hint: "see where stdout leads; a full disk takes no more",
    cause,
  });
}

/** The command that arguments with a fault in them were meant for, as far as it can be told: `image build`. */
function calledCommand(program: CommandUnknownOpts, args: readonly string[]): string {
  let command = program;
  for (const arg of args) command = command.commands.find((child) => child.name() === arg) ?? command;
  return command === program ? "" : commandName(command);
}
