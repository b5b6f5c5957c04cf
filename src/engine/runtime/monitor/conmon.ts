import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError, missingTool, RbuildError, readFileIfExists, toolEnvironment } from "../../../system/index.ts";
import { type SessionProcess, spawnSession } from "../../../system/kernel/spawn-session.ts";
import type { Runtime } from "../runtime.ts";
import { runtimeMessage } from "../runtime-message.ts";
import { startFailure } from "./start-failure.ts";

/** What a monitor is told of the process it watches. */
export interface MonitorRequest {
  readonly containerId: string;
  /** Directory with `config.json`; the monitor's sockets and pid files are made in it. */
  readonly bundle: string;
  /** Where a file named as the container gets the exit code as decimal text; one directory for all containers can be watched at once. */
  readonly exitDirectory: string;
  readonly logPath: string;
  readonly tty: boolean;
  /** `once`: stdin of the process ends when an attached client ends it; `kept`: it stays open for the next one. */
  readonly stdin: "none" | "once" | "kept";
}

export interface MonitoredProcess {
  readonly pid: number;
  readonly monitorPid: number;
}

/** Names in a bundle that the monitor makes. */
export const BUNDLE = {
  config: "config.json",
  attachSocket: "attach",
  control: "ctl",
  pidFile: "pid",
  monitorPidFile: "conmon.pid",
  persistDirectory: "monitor",
  oomFile: "monitor/oom",
} as const;

const MAX_SYNC_MESSAGE = 64 * 1024;

/**
 * Creates a container under a conmon of its own, which outlives this process, keeps the streams, writes the log and, when the process
 * ends, its exit code. The first process waits for the runtime's `start`. The bundle has a directory `monitor` already, and may have what the
 * monitor of an earlier start has left.
 * @throws RbuildError `runtime.failed`, `tool.missing`
 */
export async function createMonitored(conmon: string, runtime: Runtime, request: MonitorRequest): Promise<MonitoredProcess> {
  const { containerId, bundle } = request;
  // or its number would be taken for the new one's, and that memory ran out then for the reason of the next end
  for (const name of [BUNDLE.monitorPidFile, BUNDLE.oomFile]) rmSync(join(bundle, name), { force: true });
  const pid = await spawnConmon(
    conmon,
    [
      ["--api-version", "1", "-c", containerId, "-u", containerId, "-n", containerId, "-r", runtime.path, "-b", bundle],
      runtime.globalArguments.flatMap((argument) => ["--runtime-arg", argument]),
      ["-p", join(bundle, BUNDLE.pidFile), "-P", join(bundle, BUNDLE.monitorPidFile)],
      ["--exit-dir", request.exitDirectory, "--persist-dir", join(bundle, BUNDLE.persistDirectory), "--full-attach"],
      ["-l", `k8s-file:${request.logPath}`, "--no-sync-log", "--no-new-keyring"],
      request.stdin === "none" ? [] : ["-i"],
      request.stdin === "kept" ? ["--leave-stdin-open"] : [],
      request.tty ? ["-t"] : [],
    ].flat(),
    bundle,
    (message) => startFailure(runtime.name, containerId, message),
  );
  return { pid, monitorPid: await readMonitorPid(bundle) };
}

export interface ExecRequest {
  readonly containerId: string;
  /** Directory of this process alone. */
  readonly bundle: string;
  /** The runtime-spec's `process` as a file. */
  readonly processPath: string;
  readonly stdin: boolean;
  /** Called when clients can connect and the process has not started; it is waited for. */
  readonly onReady: () => Promise<void>;
}

/**
 * Runs one more process, with a terminal, under a conmon of its own. The exit code comes to the bundle's `exits/<container id>`.
 * @throws RbuildError `container.command-not-found`, `container.command-not-executable`, `runtime.failed`, `tool.missing`
 */
export async function execMonitored(conmon: string, runtime: Runtime, request: ExecRequest): Promise<MonitoredProcess> {
  const { containerId, bundle } = request;
  const logPath = join(bundle, "runtime.log");
  const running = spawnConmon(
    conmon,
    [
      ["--api-version", "1", "-c", containerId, "-u", containerId, "-n", containerId, "-r", runtime.path, "-b", bundle],
      [...runtime.globalArguments, "--log", logPath].flatMap((argument) => ["--runtime-arg", argument]),
      ["--exec", "--exec-attach", "--exec-process-spec", request.processPath, "-t", ...(request.stdin ? ["-i", "--leave-stdin-open"] : [])],
      ["-p", join(bundle, BUNDLE.pidFile), "-P", join(bundle, BUNDLE.monitorPidFile), "--full-attach"],
      ["--exit-dir", join(bundle, "exits"), "-l", "none", "--no-sync-log", "--no-new-keyring"],
    ].flat(),
    bundle,
    (message) => startFailure(runtime.name, containerId, message),
    request.onReady,
  );
  const pid = await running.catch(async (error: unknown) => {
    // why a command cannot run crun says on the terminal, which goes with conmon, and in its log
    const said = (await readFileIfExists(logPath, MAX_SYNC_MESSAGE))?.toString("utf8");
    throw said ? startFailure(runtime.name, containerId, runtimeMessage(said)) : error;
  });
  return { pid, monitorPid: await readMonitorPid(bundle) };
}

/** Written, at once, by the process that conmon forks from, which on a busy machine comes to it after the report. */
async function readMonitorPid(bundle: string): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    try {
      return Number.parseInt(readFileSync(join(bundle, BUNDLE.monitorPidFile), "latin1"), 10);
    } catch (error) {
      if (!isSystemError(error, "ENOENT") || attempt >= 1000) throw error;
      await sleep(10);
    }
  }
}

/**
 * Starts conmon and returns the number it reports over its sync pipe: the pid of the process it made. With `onReady` it is asked to
 * wait before it makes the process, until its clients are there.
 */
async function spawnConmon(
  conmon: string,
  args: readonly string[],
  cwd: string,
  failure: (message: string) => RbuildError,
  onReady?: () => Promise<void>,
): Promise<number> {
  const { pipes } = startSession(conmon, args, {
    cwd,
    env: { ...toolEnvironment(), _OCI_SYNCPIPE: "3", _OCI_STARTPIPE: "4", ...(onReady ? { _OCI_ATTACHPIPE: "5" } : {}) },
    pipes: onReady ? 3 : 2,
  });
  const [syncPipe, startPipe, attachPipe] = pipes;
  // conmon may end before it reads; its report says why
  startPipe?.on("error", () => undefined);
  try {
    startPipe?.write("\0");
    if (onReady && attachPipe) {
      const ready = await readReport(attachPipe, conmon);
      if (ready.data < 0) throw failure(runtimeMessage(ready.message) || "conmon could not listen");
      await onReady();
      startPipe?.write("\0");
    }
    const { data, message } = await readReport(syncPipe, conmon);
    if (data <= 0) throw failure(runtimeMessage(message) || `conmon reported ${data}`);
    return data;
  } finally {
    for (const pipe of pipes) pipe.destroy();
  }
}

function startSession(conmon: string, args: readonly string[], options: Parameters<typeof spawnSession>[2]): SessionProcess {
  try {
    return spawnSession(conmon, args, options);
  } catch (error) {
    throw isSystemError(error, "ENOENT") ? missingTool(conmon, error) : error;
  }
}

/**
 * One line of JSON: `{"data": PID}`, or a number below 1 and the runtime's message. The monitor of an exec that is over at once has written the
 * exit code as a second line by then.
 */
function readReport(pipe: Duplex | undefined, conmon: string): Promise<{ data: number; message: string }> {
  return new Promise((resolve, reject) => {
    let text = "";
    pipe?.setEncoding("utf8");
    pipe?.on("error", reject);
    pipe?.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n") || text.length > MAX_SYNC_MESSAGE) finish();
    });
    pipe?.on("end", finish);
    function finish() {
      const report = parseReport(text.split("\n", 1)[0] ?? "");
      if (report) resolve(report);
      else reject(new RbuildError("runtime.failed", `${conmon} ended without a report${text ? `: ${text.slice(0, 200)}` : ""}`));
    }
  });
}

function parseReport(text: string): { data: number; message: string } | undefined {
  try {
    const report = JSON.parse(text) as { data?: unknown; message?: unknown };
    return { data: Number(report.data), message: typeof report.message === "string" ? report.message : "" };
  } catch {
    return undefined;
  }
}
