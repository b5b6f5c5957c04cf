import { Option } from "@commander-js/extra-typings";
import { examples, newCommand } from "../new-command.ts";
import { parseDigestText, parseLevel, parsePath } from "../values.ts";

const ISO_ARGUMENT = ["<old-file>", "the ISO that whoever gets the delta has", parsePath] as const;

export function deltaCommand() {
  const make = newCommand("make", "write what makes one ISO from another, and undo it once")
    .argument(...ISO_ARGUMENT)
    .argument("<new-file>", "the ISO that it makes", parsePath)
    .addOption(new Option("--output <file>", "the delta").argParser(parsePath).makeOptionMandatory())
    .option("--level <number>", "of zstd, 1 to 19; default: 19", parseLevel)
    .addHelpText("after", examples([["rbuild delta make live-1.iso live-2.iso --output live-1-to-2.delta", "needs no root, and neither squashfs-tools"]]))
    .action(async (from, to, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async (session) => (await import("../iso-delta/delta-actions.ts")).make(from, to, options, session), {
        showsProgress: true,
      });
    });

  const apply = newCommand("apply", "make the new ISO from the old one and a delta; its digest decides")
    .argument(...ISO_ARGUMENT)
    .argument("<delta-file>", "as rbuild delta make wrote it", parsePath)
    .addOption(new Option("--output <file>", "the new ISO").argParser(parsePath).makeOptionMandatory())
    .addOption(new Option("--expect <digest>", "of the new ISO: sha256:… or the 64 digits alone").argParser(parseDigestText).conflicts("sums"))
    .option("--sums <file>", "a SHA256SUMS that has the digest, under the name of --output", parsePath)
    .option("--signature <file>", "detached signature of --sums by enough of the publishers that --keys names", parsePath)
    .addOption(new Option("--keys <dir>", "the directory of roots, which say whose signatures count").default("keys"))
    .addHelpText(
      "after",
      examples([
        ["rbuild delta apply live-1.iso live-1-to-2.delta --output live-2.iso --expect sha256:9f8…", "the digest from somebody you trust"],
        ["rbuild delta apply live-1.iso d --output live-2.iso --sums SHA256SUMS --signature SHA256SUMS.asc", "or a signed list"],
      ]),
    )
    .action(async (from, delta, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async (session) => (await import("../iso-delta/delta-actions.ts")).apply(from, delta, options, session), {
        showsProgress: true,
      });
    });

  const show = newCommand("show", "what a delta says of itself: nobody has vouched for it")
    .argument("<delta-file>", "as rbuild delta make wrote it", parsePath)
    .action(async (delta, _options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async () => (await import("../iso-delta/delta-actions.ts")).show(delta));
    });

  return newCommand("delta", "small files that make one ISO from the one before").addCommand(make).addCommand(apply).addCommand(show);
}
