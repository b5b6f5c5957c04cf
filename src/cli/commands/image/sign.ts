import { Option } from "@commander-js/extra-typings";
import { parseFileDescriptor, parseSigner, type SignerChoice } from "../../keys/key-options.ts";
import { examples, newCommand } from "../../new-command.ts";
import { addPlace } from "../../repository-choice.ts";
import { parsePath } from "../../values.ts";

export function imageSignCommand() {
  return newCommand("sign", "show what a prepared publication would change, and sign it")
    .argument("<request>", "the file that rbuild image publish --prepare wrote", parsePath)
    .addOption(
      new Option("--signer <signer>", "signs: gpg:FINGERPRINT, or the file of a secret key; may be given again; without it nothing is signed").argParser<
        readonly SignerChoice[]
      >(parseSigner),
    )
    .addOption(new Option("--passphrase-fd <n>", "read the passphrase of a key file from this file descriptor").argParser(parseFileDescriptor))
    .addOption(new Option("--keys <dir>", "the directory of roots and certificates").default("keys"))
    .addOption(
      new Option("--from <url|dir|file>", "what the repository shows now: compare with that; may be given again for mirrors").argParser<readonly string[]>(
        addPlace,
      ),
    )
    .addOption(new Option("--output <file>", "where the signatures go; default: beside the request").argParser(parsePath))
    .option("--allow-unpinned", "sign new images too whose version this checkout does not pin")
    .addHelpText("after", "\nRun it in your own checkout, at the commit that is released: images are compared with its pins. Exit code 4 when one is another.")
    .addHelpText(
      "after",
      examples([
        ["rbuild image sign request.json --from https://images.example.org", "what would change; signs nothing"],
        ["rbuild image sign request.json --from https://images.example.org --signer gpg:FPR", "the same, and sign it"],
      ]),
    )
    .action(async (request, options, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(command, async (session) => (await import("../../publish/sign-action.ts")).sign(request, options, session));
    });
}
