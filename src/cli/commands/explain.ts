import { currentTree } from "../current-tree.ts";
import { EXIT } from "../exit-code.ts";
import { imageDirectories } from "../image-directories.ts";
import { examples, newCommand } from "../new-command.ts";
import { chosenRepositories, REPOSITORY_OPTION } from "../repository-choice.ts";

export function explainCommand() {
  return newCommand("explain", "why an image would be built again or is refused, and what rbuild iso would do")
    .argument("[name...]", "names of images; default: those of the tree you are in")
    .option(...REPOSITORY_OPTION)
    .addHelpText(
      "after",
      `\nNothing is changed or fetched; of repositories, directories and bundles are looked into, and URLs are not asked.\n${examples([
        ["sudo rbuild explain", "the tree you are in, and the images that it needs"],
        ["rbuild explain", "the same without root: what the engine has is left open"],
        ["sudo rbuild explain builder", "one image and those it stands on"],
        ["sudo rbuild explain --json", "everything that was found, for programs"],
      ])}`,
    )
    .action(async (names, { repository }, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async (session) => {
        const [{ explain }, { explanationLines }, { openForLooking }] = await Promise.all([
          import("../../rbuild/explain/explain.ts"),
          import("../explain-text.ts"),
          import("../wire/open-for-looking.ts"),
        ]);
        await using host = await openForLooking(session);
        const directory = currentTree();
        const repositories = chosenRepositories(repository, session.settings, directory);
        const dependencies = { containerHost: host.docker, stateDirectory: host.stateDirectory, imageDirectories: imageDirectories(directory) };
        const data = await explain({ names, directory, ...(repositories ? { repositories } : {}) }, dependencies);
        return { data, lines: explanationLines(data), notes: host.notes, exitCode: data.broken.length > 0 ? EXIT.usage : EXIT.done };
      });
    });
}
