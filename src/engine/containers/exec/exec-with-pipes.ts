import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { isSystemError, toolEnvironment } from "../../../system/index.ts";
import { startFailure } from "../../runtime/monitor/start-failure.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { runtimeMessage } from "../../runtime/runtime-message.ts";
import { OutputQueue } from "../attach/output-queue.ts";
import type { AttachedStreams, WritableStdin } from "../container.ts";

/** How long output is read after the process has ended while something it left behind keeps its streams open. A slow reader's time does not count. */
const LINGER_MS = 500;
const MAX_MESSAGE = 16 * 1024;

export interface PipedExec {
  readonly streams: AttachedStreams;
  readonly pid: number;
  readonly exitCode: Promise<number>;
}

/** Runs one more process with pipes for its streams. @throws RbuildError `container.command-not-found`, `container.command-not-executable`, `runtime.failed` */
export async function execWithPipes(
  runtime: Runtime,
  request: { readonly containerId: string; readonly processPath: string; readonly pidPath: string; readonly stdin: boolean; readonly signal?: AbortSignal },
): Promise<PipedExec> {
  const { containerId, processPath, pidPath } = request;
  const child = spawn(runtime.path, [...runtime.globalArguments, "exec", "--process", processPath, "--pid-file", pidPath, containerId], {
    stdio: [request.stdin ? "pipe" : "ignore", "pipe", "pipe"],
    env: toolEnvironment(),
    detached: true,
  });
  const exitCode = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? (signal === "SIGKILL" ? 137 : 143)));
  });
  exitCode.catch(() => undefined);
  const streams = streamsOf(child, exitCode, request.signal);
  const started = await waitForStart(pidPath, exitCode);
  if (started.kind === "running") return { streams, pid: started.pid, exitCode };
  let message = "";
  for await (const { data } of streams.output) if (message.length < MAX_MESSAGE) message += Buffer.from(data).toString("utf8");
  throw startFailure(runtime.name, containerId, runtimeMessage(message) || `exit code ${await exitCode}`);
}

/** The runtime writes the pid file once the process runs. A short-lived one may be over by the time it is read. */
async function waitForStart(pidPath: string, exitCode: Promise<number>): Promise<{ kind: "running"; pid: number } | { kind: "failed" }> {
  const end = exitCode.then(() => "ended" as const);
  for (;;) {
    const state = await Promise.race([sleep(1, "waiting" as const), end]);
    const pid = await readPid(pidPath);
    if (pid !== undefined) return { kind: "running", pid };
    if (state === "ended") return { kind: "failed" };
  }
}

async function readPid(path: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(path, "latin1"), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

function streamsOf(child: ChildProcess, exitCode: Promise<number>, signal: AbortSignal | undefined): AttachedStreams {
  const { stdin, stdout, stderr } = child;
  let wasHeldBack = false;
  const output = new OutputQueue(() => {
    stdout?.resume();
    stderr?.resume();
  });
  for (const [stream, source] of [
    ["stdout", stdout],
    ["stderr", stderr],
  ] as const) {
    source?.on("data", (data: Buffer) => {
      if (output.push({ stream, data })) return;
      wasHeldBack = true;
      stdout?.pause();
      stderr?.pause();
    });
    source?.on("error", (error) => output.end(error));
  }
  const close = () => {
    stdin?.destroy();
    stdout?.destroy();
    stderr?.destroy();
  };
  child.on("close", () => output.end());
  const linger = async () => {
    do {
      wasHeldBack = stdout?.isPaused() ?? false;
      await sleep(LINGER_MS, undefined, { ref: false });
      // what had come when a busy process was at other things is read first
      await nextTurn();
    } while (wasHeldBack && !output.isEnded);
    output.end();
    close();
  };
  void exitCode.then(linger, (error: unknown) => output.end(error));
  signal?.addEventListener("abort", () => (output.end(signal.reason), close()), { once: true });
  stdin?.on("error", () => undefined);
  return {
    output,
    ...(stdin ? { stdin: pipeInput(stdin) } : {}),
    [Symbol.asyncDispose]: () => {
      output.end();
      close();
      return Promise.resolve();
    },
  };
}

function pipeInput(stdin: NonNullable<ChildProcess["stdin"]>): WritableStdin {
  return {
    write: (data) =>
      new Promise((resolve) => {
        if (stdin.writable) stdin.write(data, () => resolve());
        else resolve();
      }),
    end: () =>
      new Promise((resolve) => {
        if (stdin.writable) stdin.end(() => resolve());
        else resolve();
      }),
  };
}
