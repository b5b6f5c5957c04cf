import { EXIT } from "../../exit-code.ts";
import { examples, newCommand } from "../../new-command.ts";
import { imageDependencies, openImageHost } from "./image-session.ts";

export function imagePruneCommand() {
  return newCommand("prune", "remove images that no name, pin or container needs")
    .option("--dry-run", "say what would go, and remove nothing")
    .option("--nameless", "also images without a name that rbuild has not built")
    .addHelpText("after", "\nOf the defined images the version of the definition and the pinned one stay. What others have named is not touched.")
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild image prune --dry-run", "what would go"],
        ["sudo rbuild image prune", "make room"],
      ]),
    )
    .action(async (options, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(command, async (session) => {
        const [{ pruneImages }, { brokenNotes, pruneLines }] = await Promise.all([
          import("../../../rbuild/images/prune-images.ts"),
          import("../../image-text.ts"),
        ]);
        await using host = await openImageHost(session);
        const report = await pruneImages(imageDependencies(host, session), { ...options, signal: session.signal });
        const notes = brokenNotes(report.broken);
        return { data: report, lines: pruneLines(report, options.dryRun ?? false), notes, exitCode: notes.length > 0 ? EXIT.usage : EXIT.done };
      });
    });
}
