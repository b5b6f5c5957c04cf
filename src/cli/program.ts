import { join, relative } from "node:path";
import { chdir } from "node:process";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { isSystemError, RbuildError } from "../system/errors.ts";
import { cacheCommand } from "./commands/cache.ts";
import { capsuleCommand } from "./commands/capsule.ts";
import { completionCommand, namesCommand } from "./commands/completion.ts";
import { configCommand } from "./commands/config.ts";
import { deltaCommand } from "./commands/delta.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { engineCommand } from "./commands/engine.ts";
import { explainCommand } from "./commands/explain.ts";
import { imageCommand } from "./commands/image/image.ts";
import { initCommand } from "./commands/init.ts";
import { isoCommand } from "./commands/iso.ts";
import { keysCommand } from "./commands/keys.ts";
import { lockCommand } from "./commands/lock.ts";
import { runCommand } from "./commands/run.ts";
import { serveCommand } from "./commands/serve.ts";
import { shellCommand } from "./commands/shell.ts";
import { currentTree } from "./current-tree.ts";
import { addGlobalOptions, globalOptionsOf } from "./global-options.ts";
import { examples, newCommand } from "./new-command.ts";
import { readVersion } from "./version.ts";

const EXIT_CODES = `
Exit codes:
  0 done or identical · 1 differs · 2 usage · 3 build failed · 4 base refused · 5 trust refused
  6 bytes missing offline · 7 host not able · 128+n ended by signal n`;

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => CommandUnknownOpts>> = {
  iso: isoCommand,
  lock: lockCommand,
  image: imageCommand,
  serve: serveCommand,
  delta: deltaCommand,
  explain: explainCommand,
  capsule: capsuleCommand,
  shell: shellCommand,
  run: runCommand,
  init: initCommand,
  keys: keysCommand,
  cache: cacheCommand,
  doctor: doctorCommand,
  engine: engineCommand,
  config: configCommand,
  completion: () => completionCommand(() => createProgram()),
  __names: namesCommand,
};
const VERSION_FLAGS = ["-V", "--version"];

/**
 * The whole command line. Makes commands only; what they do is imported when one of them runs.
 * @param first the first word after the program's name: when it is a command, no other is made; when it asks for the version, none
 */
export function createProgram(first?: string): CommandUnknownOpts {
  const program = newCommand("rbuild", "Reproducible build environments for live systems and images")
    .version(readVersion(), VERSION_FLAGS.join(", "), "print the version")
    .helpOption("-h, --help", "print help for a command")
    .helpCommand("help [command]", "print help for a command")
    .enablePositionalOptions()
    .addHelpText(
      "after",
      examples([
        ["rbuild doctor", "what this machine lacks, and what mends it"],
        ["sudo rbuild iso", "build the tree you are in"],
        ["rbuild iso --help", "all options of a command"],
      ]),
    )
    .addHelpText("after", EXIT_CODES)
    .hook("preAction", async (_program, command) => {
      const { rootless, directory } = globalOptionsOf(command);
      if (rootless && process.getuid?.() !== 0) await (await import("./rootless/enter-user-namespace.ts")).enterUserNamespace();
      changeDirectory(directory);
      takeKeysOfTree(command);
    });
  for (const create of makersFor(first)) {
    const made = create();
    program.addCommand(made, { hidden: made.name().startsWith("__") });
  }
  addGlobalOptions(program);
  return program;
}

/** Making all commands takes ten milliseconds. */
function makersFor(first: string | undefined): readonly (() => CommandUnknownOpts)[] {
  if (first === undefined) return Object.values(COMMANDS);
  if (VERSION_FLAGS.includes(first)) return [];
  const command = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return command ? [command] : Object.values(COMMANDS);
}

/** Where nobody says which `keys/`, those of the tree are meant, as its definitions are. */
function takeKeysOfTree(command: CommandUnknownOpts): void {
  if (command.getOptionValueSource("keys") !== "default") return;
  command.setOptionValueWithSource("keys", relative(process.cwd(), join(currentTree(), "keys")), "default");
}

function changeDirectory(directory: string | undefined): void {
  if (directory === undefined) return;
  try {
    chdir(directory);
  } catch (error) {
    const why = isSystemError(error, "ENOENT") ? "there is no such directory" : isSystemError(error, "ENOTDIR") ? "it is no directory" : String(error);
    throw new RbuildError("cli.no-directory", `--directory ${directory}: ${why}`, { category: "invalid", cause: error });
  }
}
