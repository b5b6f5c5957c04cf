import { Option } from "@commander-js/extra-typings";
import type { LockDependencies, LockOptions } from "../../../rbuild/index.ts";
import { enginePlaces } from "../../engine-places.ts";
import { imageDirectories } from "../../image-directories.ts";
import { examples, newCommand } from "../../new-command.ts";
import { chosenMirrors, MIRROR_OPTION } from "../../pool-sources.ts";
import type { CommandResult, Session } from "../../session.ts";
import { NAMES_ARGUMENT } from "./image-session.ts";

interface LockChoices {
  readonly update?: string[];
  readonly refresh?: true;
  readonly mirror?: ReadonlyMap<string, string>;
}

export function imageLockCommand() {
  return newCommand("lock", "choose the packages of images, exactly, and write them beside their definitions")
    .argument(...NAMES_ARGUMENT)
    .option("--update <package...>", "move only these packages, and what they need")
    .addOption(new Option("--refresh", "choose all packages again, from the archive as it is now").conflicts("update"))
    .addOption(new Option("--check", "without network: is the lock that of its definition, and signed as it says?").conflicts(["update", "refresh", "mirror"]))
    .option(...MIRROR_OPTION)
    .addHelpText(
      "after",
      `\nA lock that fits its definition is left alone, without network.\n${examples([
        ["rbuild image lock base builder", "after a definition changed; then commit the locks"],
        ["rbuild image lock base builder --update openssl libssl3", "a security fix and nothing else"],
        ["rbuild image lock --refresh base builder", "everything as the archive has it now"],
        ["rbuild image lock --check builder", "check the archive's signature again, for ever"],
      ])}`,
    )
    .action(async (names, { check, ...choices }, command) => {
      const { runSession } = await import("../../session.ts");
      await runSession(command, (session) => (check ? checkLocks(names) : lockAll(names, choices, session)), { showsProgress: true });
    });
}

async function lockAll(names: readonly string[], choices: LockChoices, session: Session): Promise<CommandResult> {
  const [{ lockImage }, { inLockOrder }, { lockLines }] = await Promise.all([
    import("../../../rbuild/lock/lock-image.ts"),
    import("../../../rbuild/lock/lock-order.ts"),
    import("../../lock-text.ts"),
  ]);
  const { state } = enginePlaces(session.globals, session.settings);
  const dependencies: LockDependencies = { imageDirectories: imageDirectories(), report: session.reporter.report, stateDirectory: state };
  const outcomes = [];
  for (const name of await inLockOrder(names, dependencies.imageDirectories)) {
    outcomes.push(await lockImage(lockOptions(name, choices, session), dependencies));
  }
  const data = outcomes.map(({ name, digest, path, changed, changes }) => ({ name, digest, path, changed, changes }));
  return { data, lines: outcomes.flatMap(lockLines) };
}

function lockOptions(name: string, { update, refresh, mirror }: LockChoices, { settings, signal }: Session): LockOptions {
  return { name, ...(update ? { update } : {}), ...(refresh ? { refresh } : {}), mirrors: chosenMirrors(mirror, settings), signal };
}

async function checkLocks(names: readonly string[]): Promise<CommandResult> {
  const [{ checkKeptLock }, { checkedLines }] = await Promise.all([import("../../../rbuild/lock/check-kept-lock.ts"), import("../../lock-text.ts")]);
  const checked = [];
  for (const name of names) checked.push(await checkKeptLock(name, { imageDirectories: imageDirectories() }));
  const data = checked.map(({ name, digest, lock: { lockedAt, archives } }) => ({
    name,
    digest,
    lockedAt,
    archives: archives.map(({ archive, suite, version, signedBy }) => ({ archive, suite, version, signedBy })),
  }));
  return { data, lines: checked.flatMap(checkedLines) };
}
