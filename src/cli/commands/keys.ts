import { Option } from "@commander-js/extra-typings";
import type { Role, RoleChange } from "../../rbuild/trust/index.ts";
import { MAX_LIFE_DAYS } from "../../rbuild/trust/limits.ts";
import { EXIT } from "../exit-code.ts";
import {
  parseDays,
  parseDaysUpTo,
  parseFileDescriptor,
  parseFingerprint,
  parseRole,
  parseSigner,
  parseVersionNumber,
  REASONS,
  type SignerChoice,
} from "../keys/key-options.ts";
import { examples, newCommand } from "../new-command.ts";

const FIRST_LIFE_DAYS = 365;

const keysOption = () => new Option("--keys <dir>", "the directory of roots and certificates").default("keys");
const passphraseOption = () => new Option("--passphrase-fd <n>", "read the passphrase of a key file from this file descriptor").argParser(parseFileDescriptor);
const signOption = () =>
  new Option("--sign-with <signer>", "gpg:FINGERPRINT (GnuPG, its agent or a smartcard), or the file of a secret key; may be given again").argParser<
    readonly SignerChoice[]
  >(parseSigner);
const daysOption = () =>
  new Option("--expires-in <days>", `how long the new root holds, at most ${MAX_LIFE_DAYS.root}`)
    .argParser(parseDaysUpTo(MAX_LIFE_DAYS.root))
    .default(FIRST_LIFE_DAYS);

export function keysCommand() {
  const list = newCommand("list", "who may sign what, until when, and what waits for signatures")
    .addOption(keysOption())
    .action(async ({ keys }, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async () => (await import("../keys/keys-actions.ts")).listKeys(keys));
    });

  const show = newCommand("show", "one certificate: its keys, their algorithms and roles")
    .argument("<fingerprint>", "of the certificate", parseFingerprint)
    .addOption(keysOption())
    .action(async (fingerprint, { keys }, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async () => (await import("../keys/keys-actions.ts")).showKey(keys, fingerprint));
    });

  const importKeys = newCommand("import", "put certificates into keys/, without a right to anything yet")
    .argument("<file...>", "OpenPGP certificates, armoured or not")
    .addOption(keysOption())
    .action(async (files, { keys }, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async () => (await import("../keys/keys-actions.ts")).importKeys(keys, files));
    });

  const check = newCommand("check", "what ends soon, and whether every role still has enough keys")
    .addOption(keysOption())
    .addOption(new Option("--within <days>", "what ends within this many days counts").argParser(parseDays).default(60))
    .action(async ({ keys, within }, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async () => (await import("../keys/keys-actions.ts")).checkKeys(keys, within));
    })
    .addHelpText(
      "after",
      `\nExit code ${EXIT.differs} when something ends, ${EXIT.trustRefused} when a role has too few keys, the root has expired, or there is none.`,
    );

  const rotate = newCommand("rotate", "propose the next root: other keys, thresholds, a longer life")
    .addOption(keysOption())
    .addOption(
      new Option("--role <role=keys>", "who signs as root, publisher, freshness or rebuilder: ROLE=[NUMBER:]FINGERPRINT,…; may be given again").argParser<
        ReadonlyMap<Role, RoleChange>
      >(parseRole),
    )
    .option("--repository <name>", "name of the repository, for the first root")
    .addOption(daysOption())
    .addOption(new Option("--floor-index <version>", "no older index is accepted").argParser(parseVersionNumber))
    .addOption(new Option("--floor-freshness <version>", "no older freshness is accepted").argParser(parseVersionNumber))
    .addOption(signOption())
    .addOption(passphraseOption())
    .option("--abandon", "take the proposed root away instead")
    .action(async (options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async ({ signal }) => (await import("../keys/root-actions.ts")).rotateKeys(options, signal));
    })
    .addHelpText(
      "after",
      examples([
        ["rbuild keys rotate --repository NAME --role root=2:FPR,FPR,FPR --role publisher=FPR,FPR --role freshness=FPR", "the first root"],
        ["rbuild keys rotate --sign-with gpg:FPR", "the same keys for another year"],
      ]),
    );

  const sign = newCommand("sign", "add a signature to the proposed root; with enough of them it counts")
    .addOption(keysOption())
    .addOption(signOption().makeOptionMandatory())
    .addOption(passphraseOption())
    .action(async (options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async ({ signal }) => (await import("../keys/root-actions.ts")).signRoot(options, signal));
    });

  const revoke = newCommand("revoke", "propose a root in which a key has no role and never gets one again")
    .argument("<fingerprint>", "of the certificate", parseFingerprint)
    .addOption(keysOption())
    .addOption(new Option("--reason <reason>", "why").choices(REASONS).default("compromised" as const))
    .option("--certificate <file>", "join this OpenPGP revocation certificate to the certificate in keys/")
    .addOption(new Option("--role <role=keys>", "who signs in its place, as with rotate").argParser<ReadonlyMap<Role, RoleChange>>(parseRole))
    .addOption(daysOption())
    .addOption(signOption())
    .addOption(passphraseOption())
    .action(async (fingerprint, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async ({ signal }) => (await import("../keys/root-actions.ts")).revokeKey(fingerprint, options, signal));
    });

  const drill = newCommand("drill", "pretend that keys leaked: which clients are safe, and can the others be helped")
    .argument("<fingerprint...>", "of the certificates whose keys leaked")
    .addOption(keysOption())
    .action(async (fingerprints, { keys }, command) => {
      const { runSession } = await import("../session.ts");
      const leaked = () => fingerprints.map((text) => parseFingerprint(text));
      await runSession(command, async () => (await import("../keys/keys-actions.ts")).drillKeys(keys, leaked()));
    })
    .addHelpText("after", `\nExit code ${EXIT.differs} unless every client is safe and the keys that are left can sign a new root.`);

  return newCommand("keys", "whose signatures count: list, check, rotate, revoke")
    .addCommand(list)
    .addCommand(show)
    .addCommand(importKeys)
    .addCommand(check)
    .addCommand(rotate)
    .addCommand(sign)
    .addCommand(revoke)
    .addCommand(drill)
    .addHelpText(
      "after",
      examples([
        ["rbuild keys check", `exit code ${EXIT.differs} when something ends within 60 days`],
        ["rbuild keys drill FINGERPRINT", "what if this key leaked"],
      ]),
    );
}
