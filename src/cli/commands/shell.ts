import { RbuildError } from "../../system/errors.ts";
import { EXIT } from "../exit-code.ts";
import { examples, newCommand } from "../new-command.ts";
import type { CommandResult, Session } from "../session.ts";

export function shellCommand() {
  return newCommand("shell", "look inside a failed build that was kept")
    .argument("[build]", "id of the kept build, or its beginning; default: the newest")
    .argument("[command...]", "what to run instead of a shell")
    .option("--list", "list the kept builds")
    .option("--remove", "forget the kept build and free its space")
    .passThroughOptions()
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild iso --keep", "keep what a failed build leaves"],
        ["sudo rbuild shell", "a shell in it"],
        ["sudo rbuild shell 3f9a cat /scratch/build.log", "one command"],
        ["sudo rbuild shell --remove 3f9a", "forget it"],
      ]),
    )
    .action(async (build, words, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async (session) => {
        if (!options.list && !options.remove) return await enter(build, words, session);
        if (words.length > 0) throw unexpectedWords(words);
        return await (options.remove ? remove(build, session) : list(session));
      });
    });
}

function unexpectedWords(words: readonly string[]): RbuildError {
  return new RbuildError("cli.unexpected-words", `no command runs with --list or --remove, so ${words.join(" ")} has no meaning`, {
    category: "invalid",
    hint: "put options before the build's id",
  });
}

async function list({ globals, settings }: Session): Promise<CommandResult> {
  const [{ listKeptBuilds }, { enginePlaces }] = await Promise.all([import("../../rbuild/iso/life/kept-builds.ts"), import("../engine-places.ts")]);
  const kept = await listKeptBuilds({ stateDirectory: enginePlaces(globals, settings).state });
  return { data: kept, lines: kept.map(({ id, keptAt, target, directory, failure }) => `${id}  ${keptAt}  make ${target}  ${directory}  [${failure.code}]`) };
}

async function remove(build: string | undefined, session: Session): Promise<CommandResult> {
  const [{ openKeptBuild, removeKeptBuild }, { wire }] = await Promise.all([import("../../rbuild/iso/life/kept-builds.ts"), import("../wire/wire.ts")]);
  await using host = await wire(session);
  const dependencies = { containerHost: host.docker, stateDirectory: host.stateDirectory };
  const kept = await openKeptBuild(build, dependencies);
  await removeKeptBuild(kept, dependencies);
  return { data: { removed: kept.id }, lines: [`removed ${kept.id}`] };
}

async function enter(build: string | undefined, words: readonly string[], session: Session): Promise<CommandResult> {
  const [{ openKeptBuild }, { createShellContainer }, { wire }, { runAttached }, { dockerContainer }] = await Promise.all([
    import("../../rbuild/iso/life/kept-builds.ts"),
    import("../../rbuild/iso/shell.ts"),
    import("../wire/wire.ts"),
    import("../terminal/attached-container.ts"),
    import("../terminal/docker-container.ts"),
  ]);
  await using host = await wire(session);
  const dependencies = { containerHost: host.docker, stateDirectory: host.stateDirectory };
  const kept = await openKeptBuild(build, dependencies);
  const hasTty = process.stdin.isTTY && process.stdout.isTTY;
  await using created = await createShellContainer(kept, { tty: hasTty, ...(words.length > 0 ? { command: words } : {}) }, dependencies);
  if (session.mode === "live") process.stderr.write(`rbuild: kept build ${kept.id}; what it wrote is in ${kept.output}\n`);
  const stdout = session.mode === "json" ? process.stderr : process.stdout;
  const exitCode = await runAttached(dockerContainer(created.container), {
    hasTty,
    stdin: process.stdin,
    stdout,
    stderr: process.stderr,
    signal: session.signal,
  });
  return { data: { build: kept.id, exitCode }, exitCode: exitCode || EXIT.done };
}
