import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRbuildError, isSystemError, RbuildError, readFileIfExists } from "../../../system/index.ts";
import { identifyProcess, isProcessAlive } from "../../../system/kernel/pidfd.ts";
import { execMonitored } from "../../runtime/monitor/conmon.ts";
import { Attachment } from "../attach/attachment.ts";
import { resizeTerminal } from "../attach/resize.ts";
import type { AttachedStreams, ContainerId, ExecInfo, ExecSpec } from "../container.ts";
import { type ContainerContext, publishContainer } from "../container-context.ts";
import { exitStatusOf } from "../exit/exit-status.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { requireRunning } from "../stop.ts";
import { execProcess } from "./exec-process.ts";
import { type ExecSession, execInfo } from "./exec-sessions.ts";
import { execWithPipes } from "./exec-with-pipes.ts";

/** @throws RbuildError `container.not-running`, `container.paused`, `container.no-command` */
export async function createExec(context: ContainerContext, containerId: ContainerId, spec: ExecSpec): Promise<ExecInfo> {
  const { stored, phase } = await requireRunning(context, containerId);
  if (phase.paused)
    throw new RbuildError("container.paused", `the container ${stored.status.name} is paused`, { category: "conflict", hint: "unpause it first" });
  if (spec.command.length === 0) throw new RbuildError("container.no-command", "there is no command to run", { category: "invalid" });
  const session: ExecSession = { id: randomBytes(32).toString("hex"), containerId, spec, state: { kind: "created" } };
  context.execs.add(session);
  publishContainer(context, `exec_create: ${spec.command.join(" ")}`, stored.record, stored.status, { execID: session.id });
  return execInfo(session);
}

/** @throws RbuildError `container.exec-not-found` */
export function findExec(context: ContainerContext, id: string): ExecSession {
  const session = context.execs.find(id);
  if (session) return session;
  throw new RbuildError("container.exec-not-found", `there is no exec ${JSON.stringify(id)}`, { category: "not-found", details: { id } });
}

/** @throws RbuildError `container.exec-started`, `container.command-not-found`, `container.command-not-executable` */
export async function startExec(context: ContainerContext, id: string, signal?: AbortSignal): Promise<AttachedStreams> {
  const session = findExec(context, id);
  if (session.state.kind !== "created") {
    throw new RbuildError("container.exec-started", `the exec ${id.slice(0, 12)} was started before`, { category: "conflict", details: { id } });
  }
  session.state = { kind: "starting" };
  const bundle = join(context.store.paths(session.containerId).bundle, "exec", id.slice(0, 12));
  const processPath = join(bundle, "process.json");
  try {
    const { stored, phase } = await requireRunning(context, session.containerId);
    const { record, status } = stored;
    await mkdir(join(bundle, "exits"), { recursive: true, mode: 0o700 });
    await writeFile(processPath, JSON.stringify(await execProcess(context, record, phase.process.pid, session.spec)), { mode: 0o600 });
    publishContainer(context, `exec_start: ${session.spec.command.join(" ")}`, record, status, { execID: id });
    return await (session.spec.tty
      ? startWithTerminal(context, session, { record, bundle, processPath, ...(signal ? { signal } : {}) })
      : startWithPipes(context, session, { record, bundle, processPath, ...(signal ? { signal } : {}) }));
  } catch (error) {
    const exitCode = isRbuildError(error) && typeof error.details["exitCode"] === "number" ? error.details["exitCode"] : 126;
    session.state = { kind: "ended", exitCode };
    await rm(bundle, { recursive: true, force: true });
    throw error;
  }
}

interface StartParts {
  readonly record: ContainerRecord;
  readonly bundle: string;
  readonly processPath: string;
  readonly signal?: AbortSignal;
}

async function startWithPipes(context: ContainerContext, session: ExecSession, parts: StartParts): Promise<AttachedStreams> {
  const { record, bundle, processPath, signal } = parts;
  const started = await execWithPipes(await context.runtime(), {
    containerId: record.id,
    processPath,
    pidPath: join(bundle, "pid"),
    stdin: session.spec.attachStdin ?? false,
    ...(signal ? { signal } : {}),
  });
  session.state = { kind: "running", pid: started.pid };
  void started.exitCode.then(
    (exitCode) => {
      ended(context, session, record, exitCode);
      return forgetBundle(context, bundle);
    },
    () => undefined,
  );
  return started.streams;
}

async function startWithTerminal(context: ContainerContext, session: ExecSession, parts: StartParts): Promise<AttachedStreams> {
  const { record, bundle, processPath, signal } = parts;
  const attachment = new Attachment({ stdin: session.spec.attachStdin ?? false, stdout: true, stderr: true }, signal);
  try {
    const { pid, monitorPid } = await execMonitored(context.monitor(), await context.runtime(), {
      containerId: record.id,
      bundle,
      processPath,
      stdin: session.spec.attachStdin ?? false,
      onReady: () => attachment.connect(bundle),
    });
    session.state = { kind: "running", pid };
    session.bundle = bundle;
    const isOver = followEnd(context, session, record, { bundle, monitorPid });
    return {
      // whoever has read to the end may ask for the exit code
      output: thenAwait(attachment.output, isOver),
      ...(attachment.stdin ? { stdin: attachment.stdin } : {}),
      [Symbol.asyncDispose]: () => attachment[Symbol.asyncDispose](),
    };
  } catch (error) {
    attachment.end();
    throw error;
  }
}

async function* thenAwait<T>(source: AsyncIterable<T>, last: Promise<void>): AsyncGenerator<T, void, undefined> {
  yield* source;
  await last;
}

/** The monitor is nobody's child: its exit file is looked for. */
async function followEnd(
  context: ContainerContext,
  session: ExecSession,
  record: ContainerRecord,
  at: { readonly bundle: string; readonly monitorPid: number },
): Promise<void> {
  const monitor = identifyProcess(at.monitorPid);
  const exitPath = join(at.bundle, "exits", record.id);
  for (let isAlive = true; ; isAlive = monitor !== undefined && isProcessAlive(monitor)) {
    const text = await readFileIfExists(exitPath, 64).catch((error: unknown) => {
      if (isSystemError(error)) return undefined;
      throw error;
    });
    if (text !== undefined || !isAlive) {
      ended(context, session, record, text === undefined ? 137 : exitStatusOf(Number(text.toString("latin1"))).code);
      break;
    }
    await sleep(10, undefined, { ref: false, signal: context.closing }).catch(() => undefined);
    if (context.closing.aborted) return;
  }
  await forgetBundle(context, at.bundle);
}

/** Of an engine that has closed, the bundle goes with the container. */
async function forgetBundle(context: ContainerContext, bundle: string): Promise<void> {
  if (!context.closing.aborted) await context.inBackground(() => rm(bundle, { recursive: true, force: true }));
}

function ended(context: ContainerContext, session: ExecSession, record: ContainerRecord, exitCode: number): void {
  session.state = { kind: "ended", exitCode };
  delete session.bundle;
  context.events.publish({
    kind: "container",
    action: "exec_die",
    id: record.id,
    attributes: { image: record.spec.image, execID: session.id, exitCode: String(exitCode) },
  });
}

/** @throws RbuildError `container.exec-not-running` */
export async function resizeExec(context: ContainerContext, id: string, size: { readonly rows: number; readonly columns: number }): Promise<void> {
  const session = findExec(context, id);
  if (session.state.kind === "running" && session.bundle !== undefined) return await resizeTerminal(session.bundle, size);
  throw new RbuildError("container.exec-not-running", `the exec ${id.slice(0, 12)} does not run with a terminal`, { category: "conflict", details: { id } });
}
