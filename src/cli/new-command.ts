import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";

/** A command that throws instead of exiting, and leaves it to main.ts to show what is wrong. */
export function newCommand(name: string, description: string) {
  return new Command(name)
    .description(description)
    .exitOverride()
    .configureOutput({ outputError() {} })
    .showSuggestionAfterError()
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => [command.name(), command.usage()].filter(Boolean).join(" ").replace("[options] ", "").replace("[options]", ""),
    });
}

/** The end of a help text: commands as they are typed, each with what it does. */
export function examples(rows: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...rows.map(([command]) => command.length));
  return `\nExamples:\n${rows.map(([command, does]) => `  ${command.padEnd(width)}  ${does}`).join("\n")}`;
}

/** `image build` for `rbuild image build`. */
export function commandName(command: CommandUnknownOpts): string {
  return command.parent?.parent ? `${commandName(command.parent)} ${command.name()}` : command.name();
}
