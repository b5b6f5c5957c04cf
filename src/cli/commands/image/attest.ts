import { Option } from "@commander-js/extra-typings";
import { parseFileDescriptor } from "../../keys/key-options.ts";
import { examples, newCommand } from "../../new-command.ts";
import { OFFLINE_OPTION, withSourceOptions } from "../../pool-sources.ts";
import { parseOneSigner } from "../../publish/publish-options.ts";
import { parsePath } from "../../values.ts";
import { NAMES_ARGUMENT } from "./image-session.ts";

export function imageAttestCommand() {
  return withSourceOptions(
    newCommand("attest", "sign, as a rebuilder, that this machine made the pinned images from their locks")
      .argument(...NAMES_ARGUMENT)
      .addOption(new Option("--signer <signer>", "gpg:FINGERPRINT, or the file of a secret key").argParser(parseOneSigner).makeOptionMandatory())
      .addOption(new Option("--passphrase-fd <n>", "read the passphrase of a key file from this file descriptor").argParser(parseFileDescriptor))
      .addOption(new Option("--keys <dir>", "the directory of roots, which name the rebuilders").default("keys"))
      .addOption(new Option("--to <dir>", "where verdicts are kept").argParser(parsePath).default("verdicts"))
      .option("--rebuild", "build the images, and those they stand on, now")
      .option("--sign-different", "sign a verdict also when the digest is another than the pinned one"),
  )
    .option(...OFFLINE_OPTION)
    .addHelpText("after", "\nExit code 1 when one differs. What was fetched is not attested: --rebuild builds it.")
    .addHelpText("after", examples([["sudo rbuild image attest builder --signer gpg:FPR --rebuild", "then send verdicts/ to whoever publishes"]]))
    .action(async (names, options, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(command, async (session) => (await import("../../publish/attest-action.ts")).attest(names, options, session), { showsProgress: true });
    });
}
