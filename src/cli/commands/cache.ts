import { currentTree } from "../current-tree.ts";
import { enginePlaces } from "../engine-places.ts";
import { examples, newCommand } from "../new-command.ts";

export function cacheCommand() {
  const list = newCommand("list", "say what is kept to be quicker, and how much it takes").action(async (_options, command) => {
    const { runSession } = await import("../session.ts");
    await runSession(command, async (session) => {
      const [{ cacheUsage }, { byteText }, { textTable }, { wire }] = await Promise.all([
        import("../../rbuild/pool/cache-usage.ts"),
        import("../../rbuild/pool/byte-text.ts"),
        import("../text-table.ts"),
        import("../wire/wire.ts"),
      ]);
      // Who may not use the engine still learns of the rest.
      await using host = await wire(session).catch(() => undefined);
      const usage = await cacheUsage(enginePlaces(session.globals, session.settings).state, host?.docker);
      const rows = usage.map(({ what, place, files, bytes }) => [what, byteText(bytes), String(files), place]);
      return { data: usage, lines: textTable([["WHAT", "SIZE", "FILES", "PLACE"], ...rows]) };
    });
  });

  const prune = newCommand("prune", "remove packages that no lock of this tree or of rbuild names")
    .option("--dry-run", "say how much would go, and remove nothing")
    .action(async ({ dryRun = false }, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async ({ globals, settings }) => {
        const [{ prunePool }, { poolDirectory }, { byteText }, { counted }, { imageDirectories }] = await Promise.all([
          import("../../rbuild/pool/prune-pool.ts"),
          import("../../rbuild/pool/open-pool.ts"),
          import("../../rbuild/pool/byte-text.ts"),
          import("../../system/counted.ts"),
          import("../image-directories.ts"),
        ]);
        const directory = poolDirectory(enginePlaces(globals, settings).state);
        const outcome = await prunePool(directory, { imageDirectories: imageDirectories(), tree: currentTree(), dryRun });
        const { files, bytes, kept, keptBytes } = outcome;
        const line = `${counted(files, "file")} ${dryRun ? "would go" : "removed"} (${byteText(bytes)}), ${counted(kept, "stays", "stay")} (${byteText(keptBytes)})`;
        return { data: outcome, lines: [line] };
      });
    });

  return newCommand("cache", "packages and indexes that are kept to be quicker")
    .addCommand(list)
    .addCommand(prune)
    .addHelpText("after", "\nOther trees' packages go too when prune runs in this one: they are fetched again when they are needed.")
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild cache list", "what is there"],
        ["sudo rbuild cache prune --dry-run", "what would go"],
      ]),
    );
}
