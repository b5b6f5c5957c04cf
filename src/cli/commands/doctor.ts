import { Option } from "@commander-js/extra-typings";
import type { Diagnosis, Job, OfflineDiagnosis } from "../../rbuild/doctor/index.ts";
import { currentTree } from "../current-tree.ts";
import { enginePlaces } from "../engine-places.ts";
import { EXIT } from "../exit-code.ts";
import { examples, newCommand } from "../new-command.ts";
import { addPlace, chosenRepositories } from "../repository-choice.ts";
import type { CommandResult, Session } from "../session.ts";

const JOBS = ["engine", "image", "iso", "test", "bench"] as const satisfies readonly Job[];

interface DoctorOptions {
  readonly for: Job;
  readonly fix?: true;
  readonly yes?: true;
  readonly mirror?: string;
  readonly offline?: true;
  readonly repository?: readonly string[];
}

export function doctorCommand() {
  return newCommand("doctor", "say what this machine lacks, with the command that mends it")
    .addOption(new Option("--for <job>", "what the machine is wanted for").choices(JOBS).default("iso" as const))
    .option("--fix", "install the Debian packages that are missing")
    .option("-y, --yes", "with --fix: do not ask")
    .option("--mirror <url>", "Debian mirror to take packages from")
    .option("--offline", "say exactly what is missing to work without network")
    .option("--repository <dir|file>", "with --offline: a directory or bundle that pinned images may be had from; may be given again", addPlace)
    .argument("[name...]", "with --offline: names of images; default: all that are defined")
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild doctor", "root sees more: kernel features are tried for real"],
        ["rbuild doctor --fix", "ask, then install what is missing"],
        ["sudo rbuild doctor --offline builder", "with --json: every package that is missing, its size and digest"],
        ["rbuild doctor --for test --json", "for programs"],
      ]),
    )
    .action(async (names, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async (session) => {
        if (options.offline) return examineOffline(names, options, session);
        if (names.length > 0) throw await unexpectedNames(names);
        const diagnosis = await examine(options, session);
        const { diagnosisLines } = await import("../doctor-text.ts");
        return { data: diagnosis, lines: diagnosisLines(diagnosis, process.stdout), exitCode: diagnosis.isAble ? EXIT.done : EXIT.hostNotAble };
      });
    });
}

async function examineOffline(names: readonly string[], { repository }: DoctorOptions, session: Session): Promise<CommandResult> {
  const [{ diagnoseOffline }, { offlineLines }, { imageDirectories }, { openForLooking }, { chosenSources }] = await Promise.all([
    import("../../rbuild/doctor/index.ts"),
    import("../offline-text.ts"),
    import("../image-directories.ts"),
    import("../wire/open-for-looking.ts"),
    import("../pool-sources.ts"),
  ]);
  await using host = await openForLooking(session);
  const diagnosis = await diagnoseOffline({
    names,
    tree: currentTree(),
    imageDirectories: imageDirectories(),
    stateDirectory: host.stateDirectory,
    sources: chosenSources({}, session.settings),
    repositories: chosenRepositories(repository, session.settings),
    ...(host.docker === undefined ? {} : { containerHost: host.docker }),
  });
  return { data: diagnosis, lines: offlineLines(diagnosis), notes: host.notes, exitCode: offlineExitCode(diagnosis) };
}

/** What is missing comes before what cannot be read. */
function offlineExitCode({ isAble, images, tree }: OfflineDiagnosis): number {
  if (isAble) return EXIT.done;
  return [...images, tree].some((need) => need?.kind === "missing" || need?.kind === "unlocked") ? EXIT.bytesMissing : EXIT.usage;
}

async function unexpectedNames(names: readonly string[]): Promise<Error> {
  const { RbuildError } = await import("../../system/index.ts");
  return new RbuildError("cli.unexpected-words", `doctor takes no names without --offline: ${names.join(" ")}`, {
    category: "invalid",
    hint: `rbuild doctor --offline ${names.join(" ")}`,
  });
}

async function examine(options: DoctorOptions, session: Session): Promise<Diagnosis> {
  const { diagnose, installPackages } = await import("../../rbuild/doctor/index.ts");
  const { globals, settings, signal } = session;
  const mirror = options.mirror ?? settings.mirror;
  const engineRoot = enginePlaces(globals, settings).root;
  const look = () => diagnose({ job: options.for, engineRoot, signal, ...(mirror === undefined ? {} : { mirror }) });
  const before = await look();
  if (!options.fix || before.packages.length === 0) return before;
  if (!options.yes) await confirmInstallation(before, signal);
  const quiet = session.mode === "quiet" || session.mode === "json";
  await installPackages(before.packages, { signal, onLine: (line) => void (quiet || process.stderr.write(`${line}\n`)) });
  return look();
}

/** @throws RbuildError `doctor.not-confirmed` */
async function confirmInstallation(diagnosis: Diagnosis, signal: AbortSignal): Promise<void> {
  const [{ createInterface }, { RbuildError }] = await Promise.all([import("node:readline/promises"), import("../../system/index.ts")]);
  const names = diagnosis.packages.map((group) => group[0]).join(" ");
  const refuse = (why: string) =>
    new RbuildError("doctor.not-confirmed", `${why}; nothing was installed`, {
      category: "refused",
      hint: `rbuild doctor --for ${diagnosis.job} --fix --yes`,
    });
  if (!process.stdin.isTTY) throw refuse("there is no terminal to ask on");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Install ${names} with apt-get? [Y/n] `, { signal });
    if (!/^(?:y(?:es)?)?$/i.test(answer.trim())) throw refuse("not confirmed");
  } finally {
    terminal.close();
  }
}
