import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { currentTree } from "../current-tree.ts";
import { EXIT } from "../exit-code.ts";
import { imageDirectories } from "../image-directories.ts";
import { examples, newCommand } from "../new-command.ts";
import { chosenSources, OFFLINE_OPTION, type PoolChoices, withSourceOptions } from "../pool-sources.ts";
import type { CommandResult, Session } from "../session.ts";
import { parsePath } from "../values.ts";

/** Has `bin/rbuild`, two folders above this module, in `src` and in `dist` alike. */
const PROGRAM_DIRECTORY = fileURLToPath(new URL("../../..", import.meta.url));

export function capsuleCommand() {
  const create = withSourceOptions(
    newCommand("create", "write the tree you are in with everything that its build needs into one file")
      .argument("<file>", "the capsule, such as project-1.0.capsule.tar", parsePath)
      .option("--output <dir>", "where the last build's artifacts are, to note their digests; default: out", parsePath),
  )
    .option(...OFFLINE_OPTION)
    .action(async (file, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, (session) => createFile(file, options, session), { showsProgress: true });
    });

  const build = newCommand("build", "rebuild the images and artifacts of a capsule, without a network, and compare them")
    .argument("<file>", "a capsule, or the directory of one that was unpacked", parsePath)
    .option("--output <dir>", "where the artifacts go; default: out", parsePath)
    .option("--images-only", "rebuild the images and leave the tree alone")
    .addHelpText("after", "\nExit code 0 when everything that can be compared is identical, 1 when something differs.")
    .action(async (file, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, (session) => buildFile(file, options, session), { showsProgress: true });
    });

  return newCommand("capsule", "one file that rebuilds a tree bit for bit, without a network, whenever that is")
    .addCommand(create)
    .addCommand(build)
    .addHelpText(
      "after",
      examples([
        ["rbuild capsule create project-1.0.capsule.tar", "after rbuild iso, whose artifacts it then expects"],
        ["sudo rbuild capsule build project-1.0.capsule.tar", "is it still the same?"],
        ["tar xf project-1.0.capsule.tar && sudo ./capsule/build", "the same with the rbuild in it"],
      ]),
    );
}

interface CreateChoices extends PoolChoices {
  readonly output?: string;
}

async function createFile(file: string, { output, ...choices }: CreateChoices, session: Session): Promise<CommandResult> {
  const [{ createCapsule }, { enginePlaces }] = await Promise.all([import("../../rbuild/capsule/create-capsule.ts"), import("../engine-places.ts")]);
  const { globals, settings, reporter, signal } = session;
  const directory = currentTree();
  const sources = chosenSources(choices, settings);
  const data = await createCapsule(
    { file, directory, sources, signal, ...(output === undefined ? {} : { output }), ...(choices.offline ? { offline: true } : {}) },
    {
      imageDirectories: imageDirectories(directory),
      report: reporter.report,
      stateDirectory: enginePlaces(globals, settings).state,
      programDirectory: PROGRAM_DIRECTORY,
    },
  );
  const notes =
    data.artifacts === undefined ? ["no build of this commit is known here: the capsule does not say what its artifacts must be (rbuild iso first)"] : [];
  return { data, lines: [`${data.path} ${data.digest}`], notes };
}

async function buildFile(file: string, choices: { readonly output?: string; readonly imagesOnly?: true }, session: Session): Promise<CommandResult> {
  const [{ openCapsule }, { buildCapsule }, { verdictLines }, { wire }, { openCapsuleWork }, { enginePlaces }] = await Promise.all([
    import("../../rbuild/capsule/open-capsule.ts"),
    import("../../rbuild/capsule/build-capsule.ts"),
    import("../capsule-text.ts"),
    import("../wire/wire.ts"),
    import("../wire/capsule-work.ts"),
    import("../engine-places.ts"),
  ]);
  const { reporter, signal } = session;
  const output = resolve(choices.output ?? "out");
  await using work = await openCapsuleWork(enginePlaces(session.globals, session.settings).state);
  const capsule = await openCapsule(file, work.path, { report: reporter.report, signal });
  // Nothing that is in an engine here already is taken for what the capsule makes.
  const globals = { ...session.globals, engineRoot: work.places.root, runRoot: work.places.runRoot };
  await using host = await wire({ ...session, globals });
  const dependencies = { containerHost: host.docker, stateDirectory: host.stateDirectory, report: reporter.report };
  const data = await buildCapsule(capsule, { output, work: work.path, signal, ...(choices.imagesOnly ? { imagesOnly: true } : {}) }, dependencies);
  return { data, lines: verdictLines(data), exitCode: data.kind === "different" ? EXIT.differs : EXIT.done };
}
