import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process of its own that opens an engine and does what a script says, so that it can be killed. */
export interface ChildEngine extends AsyncDisposable {
  readonly process: ChildProcess;
  /** The next line it prints. */
  nextLine(): Promise<string>;
  /** SIGKILL: nothing of it is cleaned up. */
  kill(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("../../fixtures/programs/engine-sessions.ts", import.meta.url));

/** @param scenario a name in `test/fixtures/programs/engine-sessions.ts` */
export function spawnChildEngine(scenario: string, place: { readonly root: string; readonly runRoot: string }): ChildEngine {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, scenario, place.root, place.runRoot], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  };
  return {
    process: child,
    async nextLine() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the engine's process ended (${child.exitCode ?? child.signalCode}) before it said anything`);
      return value;
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
