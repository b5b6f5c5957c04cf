import { Argument, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { NameKind } from "../completion/known-names.ts";
import { globalOptionsOf } from "../global-options.ts";
import { examples, newCommand } from "../new-command.ts";

const NAME_KINDS = ["definitions", "images", "attacks", "certificates"] as const satisfies readonly NameKind[];
const SHELLS = ["bash", "zsh", "fish"] as const;

/** @param program makes the tree that is to be completed */
export function completionCommand(program: () => CommandUnknownOpts) {
  return newCommand("completion", "print a completion script for a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText(
      "after",
      examples([
        [`eval "$(rbuild completion bash)"`, "in ~/.bashrc"],
        ["rbuild completion fish > ~/.config/fish/completions/rbuild.fish", "once, for fish"],
      ]),
    )
    .action(async (shell) => {
      const { commandTree } = await import("../completion/command-tree.ts");
      const tree = commandTree(program());
      process.stdout.write(await script(shell, tree));
    });
}

/** For completion scripts alone: what stands for a name, one per line. */
export function namesCommand() {
  return newCommand("__names", "names that a shell offers")
    .addArgument(new Argument("<kind>", "of what").choices(NAME_KINDS))
    .action(async (kind, _options, command) => {
      const [{ knownNames }, { enginePlaces }, { readSettings }] = await Promise.all([
        import("../completion/known-names.ts"),
        import("../engine-places.ts"),
        import("../settings/read-settings.ts"),
      ]);
      const { root } = enginePlaces(globalOptionsOf(command), await readSettings(process.env));
      process.stdout.write((await knownNames(kind, root)).map((name) => `${name}\n`).join(""));
    });
}

async function script(shell: (typeof SHELLS)[number], tree: import("../completion/command-tree.ts").CommandNode): Promise<string> {
  switch (shell) {
    case "bash":
      return (await import("../completion/bash.ts")).bashCompletion(tree);
    case "zsh":
      return (await import("../completion/zsh.ts")).zshCompletion(tree);
    case "fish":
      return (await import("../completion/fish.ts")).fishCompletion(tree);
    default:
      return shell satisfies never;
  }
}
