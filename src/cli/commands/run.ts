import { EXIT } from "../exit-code.ts";
import { examples, newCommand } from "../new-command.ts";
import type { ContainerChoices } from "../run-options.ts";
import type { Session } from "../session.ts";

const collect = (value: string, before: readonly string[]) => [...before, value];

export function runCommand() {
  return newCommand("run", "run a command in a container, and remove the container afterwards")
    .argument("<image>", "reference or id of an image that the engine has")
    .argument("[command...]", "what to run; default: the image's own command")
    .option("-i, --interactive", "pass standard input on")
    .option("-t, --tty", "give the container a terminal")
    .option("-e, --env <variable>", "set KEY=VALUE, or pass KEY on from the environment", collect, [] as readonly string[])
    .option("-v, --volume <mount>", "mount SOURCE:TARGET[:ro], SOURCE being a path or a volume's name", collect, [] as readonly string[])
    .option("-w, --workdir <path>", "directory the command starts in")
    .option("-u, --user <user>", "user and group as names or numbers: USER[:GROUP]")
    .option("--name <name>", "name of the container")
    .option("--network <network>", "bridge, host, none, or a network's name", "bridge")
    .option("--entrypoint <program>", "run this instead of the image's entry point")
    .option("--rm", "accepted for those used to it: the container is always removed")
    .passThroughOptions()
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild run -it rbuild/NAME:VERSION bash", "look around in an image of rbuild image list"],
        [`sudo rbuild run -v "$PWD:/src:ro" IMAGE make -C /src`, "work on a directory"],
      ]),
    )
    .addHelpText("after", "\nThe exit code is the command's own.")
    .action(async (image, words, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, (session) => run(image, words, options, session));
    });
}

async function run(image: string, words: readonly string[], options: ContainerChoices, session: Session) {
  const [{ openContainerMaker }, { createOptions }, { runAttached }] = await Promise.all([
    import("../wire/container-maker.ts"),
    import("../run-options.ts"),
    import("../terminal/attached-container.ts"),
  ]);
  await using maker = await openContainerMaker(session);
  session.signal.throwIfAborted();
  await using container = await maker.create(createOptions(image, words, options));
  // With --json, stdout belongs to the events.
  const stdout = session.mode === "json" ? process.stderr : process.stdout;
  const streams = { stdout, stderr: process.stderr, ...(options.interactive ? { stdin: process.stdin } : {}) };
  const exitCode = await runAttached(container, { ...streams, hasTty: options.tty === true, signal: session.signal });
  return { data: { exitCode }, exitCode: exitCode || EXIT.done };
}
