import { Option } from "@commander-js/extra-typings";
import { examples, newCommand } from "../../new-command.ts";
import { parseChannel } from "../../publish/publish-options.ts";
import { addPlace, QUORUM_OPTION } from "../../repository-choice.ts";
import { NAMES_ARGUMENT } from "./image-session.ts";

export function imageFetchCommand() {
  return newCommand("fetch", "fetch signed images from a repository: exactly as they were published, or not at all")
    .argument(...NAMES_ARGUMENT)
    .option("--from <url|dir|file>", "repository, or bundle of one; may be given again for mirrors; default: RBUILD_REPOSITORY, or the setting", addPlace)
    .addOption(new Option("--channel <name>", "the newest of this channel; default: the pinned version, else stable").argParser(parseChannel))
    .option("--version <version>", "this version")
    .option(...QUORUM_OPTION)
    .addOption(new Option("--keys <dir>", "the directory of roots, which say whose signatures count").default("keys"))
    .option("--no-build", "never build the pinned image from changed packages, though that may take far fewer bytes")
    .addHelpText("after", "\nExit code 5 when something looks like an attack; the error's code names it.")
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild image fetch builder --from https://images.example.org", "the pinned version, as a delta where that is smaller"],
        ["sudo rbuild image fetch builder --channel testing", "the newest of a channel"],
        ["sudo rbuild image fetch builder --from /media/stick/images.tar", "without network"],
      ]),
    )
    .action(async (names, options, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(command, async (session) => (await import("../../fetch/fetch-action.ts")).fetchImages(names, options, session), { showsProgress: true });
    });
}
