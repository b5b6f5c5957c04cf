import { Option } from "@commander-js/extra-typings";
import type { Promotion } from "../../../rbuild/repository/publish/channels.ts";
import { MAX_LIFE_DAYS } from "../../../rbuild/trust/limits.ts";
import { parseDays, parseDaysUpTo, parseFileDescriptor, parseSigner, type SignerChoice } from "../../keys/key-options.ts";
import { examples, newCommand } from "../../new-command.ts";
import { OFFLINE_OPTION, withSourceOptions } from "../../pool-sources.ts";
import { parseAtLeastOne, parseChannel, parsePromotion } from "../../publish/publish-options.ts";
import { addFile, parseCount, parsePath, parsePool } from "../../values.ts";

const FRESHNESS_DAYS = 14;
const INDEX_DAYS = 180;
const MIN_DAYS = 3;
const DELTAS = 3;

export function imagePublishCommand() {
  return withSourceOptions(
    newCommand("publish", "bring pinned images into a signed repository of plain files, for any web server")
      .argument("<dir>", "the repository; made with the first publication")
      .argument("[name...]", "names of images; default: all that are defined, or none with --promote")
      .addOption(
        new Option("--signer <signer>", "signs as publisher: gpg:FINGERPRINT, or the file of a secret key; may be given again").argParser<
          readonly SignerChoice[]
        >(parseSigner),
      )
      .addOption(
        new Option("--freshness-signer <signer>", "signs the freshness; default: those of --signer that may").argParser<readonly SignerChoice[]>(parseSigner),
      )
      .addOption(new Option("--passphrase-fd <n>", "read the passphrase of a key file from this file descriptor").argParser(parseFileDescriptor))
      .addOption(new Option("--keys <dir>", "the directory of roots and certificates").default("keys"))
      .addOption(new Option("--channel <name>", "that new images enter").argParser(parseChannel).default("stable"))
      .addOption(
        new Option("--promote <name:version=channel>", "put a published version into a channel; may be given again").argParser<readonly Promotion[]>(
          parsePromotion,
        ),
      )
      .addOption(new Option("--deltas <n>", "earlier versions that a new one gets deltas from").argParser(parseCount).default(DELTAS))
      .option("--gzip", "keep layers as gzip too")
      .option("--uncompressed", "keep layers as they are too")
      .option("--with-pool", "also the packages that the images are built from")
      .addOption(new Option("--keep <n>", "versions that stay of each image, besides those in a channel; default: all").argParser(parseAtLeastOne))
      .addOption(
        new Option("--expires <days>", `how long clients believe that nothing newer is published, at most ${MAX_LIFE_DAYS.freshness}`)
          .argParser(parseDaysUpTo(MAX_LIFE_DAYS.freshness))
          .default(FRESHNESS_DAYS),
      )
      .addOption(
        new Option("--index-expires <days>", `how long the index holds, at most ${MAX_LIFE_DAYS.index}`)
          .argParser(parseDaysUpTo(MAX_LIFE_DAYS.index))
          .default(INDEX_DAYS),
      )
      .addOption(new Option("--min-days <days>", "refuse to leave less; renew what has less left").argParser(parseDays).default(MIN_DAYS))
      .option("--renew", "renew the freshness alone: for a timer, with its own key")
      .option("--verify", "hash the files that are there instead of comparing their sizes")
      .addOption(
        new Option("--verdicts <dir|file>", "bring rebuilders' verdicts on what is published, and nothing else; nothing is signed")
          .argParser(parsePath)
          .conflicts(["promote", "renew", "verify", "dryRun", "signer", "freshnessSigner"]),
      )
      .addOption(
        new Option("--prepare <file>", "show nothing yet: write what others must sign to this file; those of --signer sign at once")
          .argParser(parsePath)
          .conflicts(["dryRun", "finish", "addSignature", "abandon", "verdicts"]),
      )
      .addOption(
        new Option("--add-signature <file>", "join what rbuild image sign wrote to what is prepared; may be given again")
          .argParser<readonly string[]>(addFile)
          .conflicts(["dryRun", "promote", "renew", "abandon", "verdicts"]),
      )
      .addOption(new Option("--finish", "show what is prepared, once enough have signed it").conflicts(["dryRun", "promote", "renew", "abandon", "verdicts"]))
      .addOption(new Option("--abandon", "take away what is prepared").conflicts(["dryRun", "promote", "renew", "verdicts"]))
      .addOption(new Option("--against <url|dir>", "refuse to publish when this public copy has anything newer").argParser(parsePool))
      .option("--allow-old-copy", "publish from a copy that is behind: with newer numbers, but without what the newer one had")
      .option("--dry-run", "say what would be written, and write nothing"),
  )
    .option(...OFFLINE_OPTION)
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild image publish /srv/images --signer gpg:FPR --freshness-signer cron.key", "what is defined and pinned here"],
        ["rbuild image publish /srv/images --renew --freshness-signer cron.key", "from a timer, every day"],
        ["rbuild image publish /srv/images --verdicts verdicts", "what rebuilders have sent"],
        ["rbuild image publish /srv/images --promote builder:2026.11=stable --signer gpg:FPR --freshness-signer cron.key", "a version that was tried"],
        ["rbuild image publish /srv/images --prepare request.json --signer gpg:FPR", "others sign it with rbuild image sign"],
        ["rbuild image publish /srv/images --add-signature FILE --finish --freshness-signer cron.key", "what they have sent; show it"],
      ]),
    )
    .action(async (directory, names, options, command) => {
      const { runSession } = await import("../../session.ts");
      const { verdicts, keys } = options;
      if (verdicts !== undefined)
        return runSession(command, async (session) =>
          (await import("../../publish/verdicts-action.ts")).publishVerdicts(directory, names, { verdicts, keys }, session),
        );
      await runSession(command, async (session) => (await import("../../publish/publish-actions.ts")).publish(directory, names, options, session), {
        showsProgress: true,
      });
    });
}
