import { Option } from "@commander-js/extra-typings";
import { examples, newCommand } from "../../new-command.ts";
import { parseChannel } from "../../publish/publish-options.ts";
import { parsePath } from "../../values.ts";

export function imageBundleCommand() {
  return newCommand("bundle", "write images of a repository into one file, to be carried to where there is no network")
    .argument("<file>", "the bundle, such as images.bundle.tar", parsePath)
    .argument("[name...]", "NAME, which is the version in the channel, or NAME:VERSION; default: all that are in the channel")
    .addOption(new Option("--from <dir>", "the repository").argParser(parsePath).makeOptionMandatory())
    .addOption(new Option("--keys <dir>", "the directory of roots and certificates").default("keys"))
    .addOption(new Option("--channel <name>", "whose versions are taken").argParser(parseChannel).default("stable"))
    .option("--with-pool", "also the packages of the repository's pool")
    .addHelpText("after", examples([["rbuild image bundle /media/stick/images.tar builder --from /srv/images", "the builder in the channel stable"]]))
    .action(async (file, names, options, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(command, async (session) => (await import("../../publish/bundle-action.ts")).bundle(file, names, options, session), {
        showsProgress: true,
      });
    });
}
