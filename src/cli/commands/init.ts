import { examples, newCommand } from "../new-command.ts";
import type { CommandResult, Session } from "../session.ts";

export function initCommand() {
  return newCommand("init", "make a Git tree buildable: write a starter rbuild.yaml and Makefile")
    .argument("[dir]", "the tree; default: where you are")
    .addHelpText(
      "after",
      examples([
        ["git init live && rbuild init live", "begin a live system"],
        ["rbuild init", "in a tree that is there already; nothing is overwritten"],
      ]),
    )
    .action(async (directory, _options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, (session) => init(directory ?? ".", session));
    });
}

async function init(directory: string, { signal }: Session): Promise<CommandResult> {
  const { writeStarterTree } = await import("../write-starter-tree.ts");
  const written = await writeStarterTree(directory, { signal });
  return { data: { written }, lines: [...written.map((path) => `wrote ${path}`), "commit them, then: sudo rbuild iso"] };
}
