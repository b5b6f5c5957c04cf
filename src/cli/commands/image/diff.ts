import { Option } from "@commander-js/extra-typings";
import type { ImageDiff } from "../../../rbuild/index.ts";
import { EXIT } from "../../exit-code.ts";
import { imageDirectories } from "../../image-directories.ts";
import { examples, newCommand } from "../../new-command.ts";
import type { CommandResult, Session } from "../../session.ts";
import { parseCount } from "../../values.ts";
import type { WiredHost } from "../../wire/wire.ts";
import { openImageHost } from "./image-session.ts";

interface DiffChoices {
  readonly format: "text" | "json" | "markdown";
  readonly changelogLines: number;
}

export function imageDiffCommand() {
  return newCommand("diff", "say which packages differ between two images or locks, and what their changelogs say")
    .argument("<from>", "an image's name (its lock), NAME@REVISION (its lock in Git), a lock file, or engine:REFERENCE")
    .argument("<to>", "the same")
    .addOption(formatOption())
    .option("--changelog-lines <n>", "lines of each source package's changelog; 0 for none", parseCount, 20)
    .addHelpText(
      "after",
      `\nChangelogs are read from packages in the pool.\nExit code 0 when identical, 1 when something differs.\n${examples([
        ["rbuild image diff base@HEAD base", "what the lock that is not committed yet changes"],
        ["rbuild image diff builder@v1.2 builder --format markdown", "for a merge request"],
        ["sudo rbuild image diff base engine:rbuild/base:1", "is what the lock says in the image?"],
      ])}`,
    )
    .action(async (from, to, options, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(command, (session) => diff(from, to, options, session));
    });
}

function formatOption() {
  return new Option("--format <format>", "text, json or markdown").choices(["text", "json", "markdown"] as const).default("text" as const);
}

async function diff(from: string, to: string, { format, changelogLines }: DiffChoices, session: Session): Promise<CommandResult> {
  const [{ readSide }, { diffImages }, { openPool, poolDirectory }, { enginePlaces }] = await Promise.all([
    import("../../../rbuild/lock/diff/read-side.ts"),
    import("../../../rbuild/lock/diff/diff-images.ts"),
    import("../../../rbuild/pool/open-pool.ts"),
    import("../../engine-places.ts"),
  ]);
  await using stack = new AsyncDisposableStack();
  let host: Promise<WiredHost> | undefined;
  const containerHost = async () => {
    host ??= openImageHost(session).then((opened) => stack.use(opened));
    return (await host).docker;
  };
  const sides = { imageDirectories: imageDirectories(), containerHost };
  const [before, after] = [await readSide(from, sides), await readSide(to, sides)];
  const pool = await openPool(poolDirectory(enginePlaces(session.globals, session.settings).state));
  const data = await diffImages(before, after, { pool, changelogLines, signal: session.signal });
  return { data, lines: await linesOf(data, format), exitCode: data.kind === "identical" ? EXIT.done : EXIT.differs };
}

async function linesOf(data: ImageDiff, format: DiffChoices["format"]): Promise<string[]> {
  switch (format) {
    case "text":
      return (await import("../../image-diff/diff-text.ts")).diffLines(data);
    case "markdown":
      return (await import("../../image-diff/diff-markdown.ts")).diffMarkdown(data);
    case "json":
      return [JSON.stringify(data, undefined, 2)];
    default:
      return format satisfies never;
  }
}
