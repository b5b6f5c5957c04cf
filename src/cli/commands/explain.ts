import { imageDirectories } from "../image-directories.ts";
import { examples, newCommand } from "../new-command.ts";

export function explainCommand() {
  return newCommand("explain", "why an image would be built again or is refused, and what rbuild iso would do")
    .argument("[name...]", "names of images; default: those of the tree you are in")
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild explain", "the tree you are in, and the images that it needs"],
        ["sudo rbuild explain builder", "one image and those it stands on"],
        ["sudo rbuild explain --json", "everything that was found, for programs"],
      ]),
    )
    .action(async (names, _options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async (session) => {
        const [{ explain }, { explanationLines }, { wire }] = await Promise.all([
          import("../../rbuild/explain/explain.ts"),
          import("../explain-text.ts"),
          import("../wire/wire.ts"),
        ]);
        await using host = await wire(session);
        const directory = process.cwd();
        const dependencies = { containerHost: host.docker, stateDirectory: host.stateDirectory, imageDirectories: imageDirectories(directory) };
        const data = await explain({ names, directory }, dependencies);
        return { data, lines: explanationLines(data) };
      });
    });
}
