import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { CommanderError } from "commander";
import { EXIT } from "./exit-code.ts";
import { commandName } from "./new-command.ts";
import { createProgram } from "./program.ts";

/** Runs what the arguments say. The exit code is left in `process.exitCode`. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  // A reader that went away (`| head`) is no reason to stop a build half way.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const program = createProgram(args[0]);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    if (error instanceof CommanderError && error.code === "commander.help") {
      process.exitCode = EXIT.usage; // the help is on stderr already
      return;
    }
    const { fail } = await import("./session.ts");
    process.exitCode = fail(error, calledCommand(program, args), { json: args.includes("--json"), verbose: args.includes("--verbose") });
  }
}

/** The command that arguments with a fault in them were meant for, as far as it can be told: `image build`. */
function calledCommand(program: CommandUnknownOpts, args: readonly string[]): string {
  let command = program;
  for (const arg of args) command = command.commands.find((child) => child.name() === arg) ?? command;
  return command === program ? "" : commandName(command);
}
