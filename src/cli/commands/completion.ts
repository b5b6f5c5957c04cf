import { Argument, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { examples, newCommand } from "../new-command.ts";

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
