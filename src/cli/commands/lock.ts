import { Option } from "@commander-js/extra-typings";
import { currentTree } from "../current-tree.ts";
import { EXIT } from "../exit-code.ts";
import { imageDirectories } from "../image-directories.ts";
import { examples, newCommand } from "../new-command.ts";
import { chosenSources, type PoolChoices, withSourceOptions } from "../pool-sources.ts";
import type { CommandResult, Session } from "../session.ts";
import { parsePath } from "../values.ts";

interface LockChoices extends PoolChoices {
  readonly to?: string;
}

export function lockCommand() {
  return withSourceOptions(
    newCommand("lock", "build the tree you are in once and lock the packages it fetches")
      .addOption(new Option("--check", "without building: is the lock that of rbuild.yaml as it is?").conflicts(["vendor", "mirror"]))
      .option("--vendor", "without building: fetch what the lock has, to build without network later")
      .option("--to <dir>", "with --vendor: into a pool of its own, for --pool", parsePath),
  )
    .option("--offline", "with --vendor: use no network; what is missing is an error that lists it")
    .addHelpText(
      "after",
      `\nExit code 1 when --check finds no lock, or one of another rbuild.yaml.\n${examples([
        ["sudo rbuild lock", "after lock: in rbuild.yaml or the packages changed; then commit what it writes"],
        ["rbuild lock --check", "is it still that of rbuild.yaml?"],
        ["rbuild lock --vendor --to /media/stick/pool", "take everything along to where there is no network"],
      ])}`,
    )
    .action(async ({ check, vendor, ...choices }, command) => {
      const { runSession } = await import("../session.ts");
      const run = check ? checkLock : vendor ? vendorLock : record;
      await runSession(command, (session) => run(choices, session), { showsProgress: true });
    });
}

async function record(choices: LockChoices, session: Session): Promise<CommandResult> {
  const [{ wire }, { recordLock }, { counted }] = await Promise.all([
    import("../wire/wire.ts"),
    import("../../rbuild/iso/record-lock.ts"),
    import("../../system/counted.ts"),
  ]);
  const directory = currentTree();
  await using host = await wire(session);
  session.signal.throwIfAborted();
  const dependencies = {
    containerHost: host.docker,
    imageDirectories: imageDirectories(directory),
    report: session.reporter.report,
    stateDirectory: host.stateDirectory,
  };
  const outcome = await recordLock({ directory, ...sourceOptions(choices, session) }, dependencies);
  const { path, digest, changed, changes, packages } = outcome;
  const what = changed ? `${counted(changes, "package")} changed` : "as before";
  return { data: outcome, lines: [`${path} ${digest} ${counted(packages, "package")}, ${what}`] };
}

async function checkLock(_choices: LockChoices): Promise<CommandResult> {
  const { checkTreeLock } = await import("../../rbuild/iso/vendor-lock.ts");
  const state = await checkTreeLock(currentTree());
  switch (state.kind) {
    case "current":
      return { data: { kind: state.kind, digest: state.digest, packages: state.lock.packages.length }, lines: [`current ${state.digest}`] };
    case "absent":
      return { data: state, lines: ["there is no lock; make it: rbuild lock"], exitCode: EXIT.differs };
    case "stale": {
      const { kind, field, was, is } = state;
      return { data: { kind, field, was, is }, lines: [`stale: ${field} was ${was} and is ${is}; make it again: rbuild lock`], exitCode: EXIT.differs };
    }
    default:
      return state satisfies never;
  }
}

async function vendorLock(choices: LockChoices, session: Session): Promise<CommandResult> {
  const [{ vendorTreeLock }, { counted }, { enginePlaces }] = await Promise.all([
    import("../../rbuild/iso/vendor-lock.ts"),
    import("../../system/counted.ts"),
    import("../engine-places.ts"),
  ]);
  const stateDirectory = enginePlaces(session.globals, session.settings).state;
  const options = { directory: currentTree(), ...sourceOptions(choices, session), ...(choices.to === undefined ? {} : { to: choices.to }) };
  const outcome = await vendorTreeLock(options, { stateDirectory, report: session.reporter.report });
  return { data: outcome, lines: [`${outcome.directory}: ${counted(outcome.present + outcome.fetched, "file")}, ${outcome.fetched} of them fetched now`] };
}

function sourceOptions(choices: LockChoices, { settings, signal }: Session) {
  const { offline, ...sources } = chosenSources(choices, settings);
  return { sources, ...(offline ? { offline } : {}), signal };
}
