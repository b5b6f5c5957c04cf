import { basename } from "node:path";
import type { IsoOptions, ProxyChoice } from "../../rbuild/index.ts";
import { currentTree } from "../current-tree.ts";
import { imageDirectories } from "../image-directories.ts";
import { examples, newCommand } from "../new-command.ts";
import { chosenSources, OFFLINE_OPTION, type PoolChoices, withSourceOptions } from "../pool-sources.ts";
import { chosenQuorum, chosenRepositories, QUORUM_OPTION, REPOSITORY_OPTION } from "../repository-choice.ts";
import type { CommandResult, Session } from "../session.ts";
import { parsePath, parseProxy } from "../values.ts";

interface IsoChoices extends PoolChoices {
  readonly output?: string;
  readonly ignoreChanges?: true;
  readonly allowBaseMismatch?: true;
  readonly proxy?: ProxyChoice;
  readonly lock: boolean;
  readonly repository?: readonly string[];
  readonly quorum?: number | "all";
  readonly ram?: true;
  readonly keep?: true;
}

export function isoCommand() {
  return withSourceOptions(
    newCommand("iso", "build the Git tree you are in, exactly as everybody else does")
      .argument("[target]", "make target; default: that of rbuild.yaml")
      .option("--output <dir>", "where the artifacts go; default: out", parsePath)
      .option("--ignore-changes", "build although the tree has changes that are not committed; the result is not publishable")
      .option("--allow-base-mismatch", "use a builder image that is not the pinned one; the result is not publishable")
      .option("--proxy <proxy>", "get packages through: none, link (a caching proxy of rbuild's own), a URL, or link+URL", parseProxy)
      .option("--no-lock", "take packages from the mirror although the tree has them locked; the result is not publishable"),
  )
    .option(...OFFLINE_OPTION)
    .option(...REPOSITORY_OPTION)
    .option(...QUORUM_OPTION)
    .option("--ram", "work in memory instead of on disk")
    .option("--keep", "keep what a failed build leaves, for rbuild shell")
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild iso", "build what rbuild.yaml says, into out"],
        ["sudo rbuild iso --ignore-changes", "try a change before committing it"],
        ["sudo rbuild -C examples/tiny iso --json", "another tree, events for programs"],
        ["sudo rbuild iso --keep || sudo rbuild shell", "look inside when it fails"],
      ]),
    )
    .action(async (target, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, (session) => iso(target, options, session), { showsProgress: true });
    });
}

async function iso(target: string | undefined, choices: IsoChoices, session: Session): Promise<CommandResult> {
  const [{ wire }, { buildIso }] = await Promise.all([import("../wire/wire.ts"), import("../../rbuild/iso/build-iso.ts")]);
  const { settings, signal, reporter } = session;
  const directory = currentTree();
  const { proxy = settings.proxy, mirror, lock, pool, archive, repository, quorum, ...rest } = choices;
  const repositories = chosenRepositories(repository, settings, directory);
  const sources = { ...(pool ? { pool } : {}), ...(archive === undefined ? {} : { archive }), ...(mirror ? { mirror } : {}) };
  const options: IsoOptions = {
    ...rest,
    directory,
    signal,
    ...(lock ? {} : { ignoreLock: true }),
    ...(repositories ? { repositories } : {}),
    quorum: chosenQuorum(quorum, settings),
    sources: chosenSources(sources, settings, directory),
    ...(target === undefined ? {} : { target }),
    ...(proxy === undefined ? {} : { proxy }),
  };
  await using host = await wire(session);
  signal.throwIfAborted();
  const dependencies = {
    containerHost: host.docker,
    imageDirectories: imageDirectories(directory),
    report: reporter.report,
    stateDirectory: host.stateDirectory,
  };
  const result = await buildIso(options, dependencies);
  const { artifacts, checksumsPath, manifestPath, logPath, reasons } = result;
  const notes = [
    `beside them: ${[checksumsPath, manifestPath, logPath].map((path) => basename(path)).join(", ")}`,
    ...reasons.map((reason) => `not publishable: ${reason}`),
  ];
  return { data: result, lines: artifacts.map((artifact) => artifact.path), isInView: true, notes };
}
