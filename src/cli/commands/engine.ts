import { enginePlaces } from "../engine-places.ts";
import { EXIT } from "../exit-code.ts";
import { examples, newCommand } from "../new-command.ts";
import type { CommandResult, Session } from "../session.ts";
import { parsePath } from "../values.ts";
import { requireRoot } from "../wire/require-root.ts";

export function engineCommand() {
  const serve = newCommand("serve", "answer the Docker API on a socket until stopped")
    .option("--socket <file>", "the socket; default: docker.sock in the run root", parsePath)
    .addHelpText(
      "after",
      examples([
        ["sudo rbuild engine serve", "then: docker -H unix:///run/rbuild/docker.sock images"],
        ["sudo rbuild engine serve --socket /tmp/d.sock", "on another socket"],
      ]),
    )
    .addHelpText("after", "\nContainers go on when it stops. Understands systemd's socket activation and readiness.")
    .action(async (options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, (session) => serveUntilStopped(options, session));
    });

  const info = newCommand("info", "say what the engine is and works with").action(async (_options, command) => {
    const { runSession } = await import("../session.ts");
    await runSession(command, async (session) => {
      await using engine = await openEngineOf(session);
      const { infoLines } = await import("../engine-text.ts");
      const facts = await engine.info();
      return { data: facts, lines: infoLines(facts) };
    });
  });

  const gc = newCommand("gc", "remove what no image or container needs").action(async (_options, command) => {
    const { runSession } = await import("../session.ts");
    await runSession(command, async (session) => {
      await using engine = await openEngineOf(session);
      const { gcLines } = await import("../engine-text.ts");
      const report = await engine.collectGarbage();
      return { data: report, lines: gcLines(report) };
    });
  });

  const fsck = newCommand("fsck", "verify everything in the store; exit code 1 when something is broken").action(async (_options, command) => {
    const { runSession } = await import("../session.ts");
    await runSession(command, async (session) => {
      await using engine = await openEngineOf(session);
      const { fsckLines } = await import("../engine-text.ts");
      const report = await engine.fsck();
      return { data: report, lines: fsckLines(report), exitCode: report.findings.length === 0 ? EXIT.done : EXIT.differs };
    });
  });

  return newCommand("engine", "the embedded container engine").addCommand(serve).addCommand(info).addCommand(gc).addCommand(fsck);
}

async function openEngineOf({ globals, settings }: Session) {
  requireRoot();
  const { openOwnEngine } = await import("../wire/open-own-engine.ts");
  return openOwnEngine(enginePlaces(globals, settings), "session");
}

async function serveUntilStopped(options: { readonly socket?: string }, { globals, settings, signal, mode }: Session): Promise<CommandResult> {
  requireRoot();
  const { serve } = await import("../serve.ts");
  const places = enginePlaces(globals, settings);
  await serve(places, {
    ...(options.socket === undefined ? {} : { socketPath: options.socket }),
    signal,
    onListening: (address) => void (mode === "quiet" || process.stderr.write(`rbuild: the Docker API answers at ${address}\n`)),
  });
  return { data: { stopped: true } };
}
