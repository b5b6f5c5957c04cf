import { z } from "zod";
import type { AttachedStreams } from "../../engine/index.ts";
import { isRbuildError, type RbuildError } from "../../system/index.ts";
import type { ExecStreams, ServerContext } from "../context.ts";
import { empty, json, type Wire } from "../http/answer.ts";
import { lenient, readJson } from "../http/body.ts";
import { errorBody } from "../http/error-body.ts";
import type { Handler, Route } from "../http/router.ts";
import { parseDetachKeys } from "../streams/detach-keys.ts";
import { exchange } from "../streams/exchange.ts";
import { frameHeader, streamContentType } from "../streams/frames.ts";
import { sizeOf } from "./containers/life.ts";

/** Execs whose streams are remembered; older ones count as attached to everything. */
const MAX_REMEMBERED = 1000;

const createSchema = z.object({
  Cmd: lenient.words,
  Env: lenient.texts,
  WorkingDir: lenient.text,
  User: lenient.text,
  Tty: lenient.flag,
  Privileged: lenient.flag,
  AttachStdin: lenient.flag,
  AttachStdout: lenient.flag,
  AttachStderr: lenient.flag,
  DetachKeys: lenient.text,
});

const createExec: Handler = async ({ params, message }, { engine, execStreams }) => {
  const body = await readJson(message, createSchema);
  if (body.DetachKeys !== "") parseDetachKeys(body.DetachKeys);
  const exec = await engine.containers.createExec(params["id"] ?? "", {
    command: body.Cmd ?? [],
    env: body.Env,
    ...(body.WorkingDir ? { workingDir: body.WorkingDir } : {}),
    ...(body.User ? { user: body.User } : {}),
    tty: body.Tty,
    attachStdin: body.AttachStdin,
    privileged: body.Privileged,
  });
  execStreams.set(exec.id, { stdin: body.AttachStdin, stdout: body.AttachStdout, stderr: body.AttachStderr, tty: body.Tty, detachKeys: body.DetachKeys });
  const [oldest] = execStreams.keys();
  if (execStreams.size > MAX_REMEMBERED && oldest !== undefined) execStreams.delete(oldest);
  return json({ Id: exec.id }, 201);
};

const startSchema = z
  .object({ Detach: lenient.flag, Tty: lenient.flag, ConsoleSize: z.array(z.number()).nullish() })
  .nullable()
  .transform((value) => value ?? { Detach: false, Tty: false });

const startExec: Handler = async ({ params, message, version, signal }, context) => {
  const { Detach } = await readJson(message, startSchema);
  const id = params["id"] ?? "";
  const { spec } = await context.engine.containers.getExec(id);
  if (Detach) {
    void runUnwatched(await context.engine.containers.startExec(id));
    return empty(200);
  }
  const wanted = streamsOf(context, id, spec.tty ?? false);
  const contentType = streamContentType({ tty: wanted.tty, minor: version.minor });
  try {
    const streams = await context.engine.containers.startExec(id, { signal });
    return { kind: "hijack", contentType, exchange: (wire) => exchange(streams, wire, wanted) };
  } catch (error) {
    if (!isRbuildError(error) || !NO_PROCESS.includes(error.code)) throw error;
    return { kind: "hijack", contentType, exchange: (wire) => tell(wire, error, wanted.tty) };
  }
};

/** Errors that Docker says in the stream: clients then ask for the exit code, which is 127 or 126. */
const NO_PROCESS = ["container.command-not-found", "container.command-not-executable", "runtime.failed"];

async function tell(wire: Wire, error: RbuildError, tty: boolean): Promise<void> {
  const text = Buffer.from(`OCI runtime exec failed: ${errorBody(error).message}\r\n`);
  await (tty ? wire.write(text) : wire.write(frameHeader("stdout", text.byteLength), text));
}

const streamsOf = ({ execStreams }: ServerContext, id: string, tty: boolean): ExecStreams =>
  execStreams.get(id) ?? { stdin: true, stdout: true, stderr: true, tty, detachKeys: "" };

/** Nobody reads a detached exec's output, but somebody must, or it would stop when the pipe is full. */
async function runUnwatched(streams: AttachedStreams): Promise<void> {
  try {
    await using attached = streams;
    await attached.stdin?.end();
    for await (const _chunk of attached.output);
  } catch {
    // GET /exec/{id}/json tells how it ended.
  }
}

const inspectExec: Handler = async ({ params }, context) => {
  const exec = await context.engine.containers.getExec(params["id"] ?? "");
  const streams = streamsOf(context, exec.id, exec.spec.tty ?? false);
  const [entrypoint = "", ...args] = exec.spec.command;
  return json({
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: exec.spec.tty ?? false,
      entrypoint,
      arguments: args,
      privileged: exec.spec.privileged ?? false,
      ...(exec.spec.user ? { user: exec.spec.user } : {}),
    },
    OpenStdin: streams.stdin,
    OpenStderr: streams.stderr,
    OpenStdout: streams.stdout,
    CanRemove: false,
    ContainerID: exec.containerId,
    DetachKeys: streams.detachKeys,
    Pid: exec.pid ?? 0,
  });
};

const resizeExec: Handler = async ({ params, query }, { engine }) => {
  await engine.containers.resizeExec(params["id"] ?? "", sizeOf(query));
  return empty(200);
};

export const EXEC_ROUTES: readonly Route[] = [
  { method: "POST", path: "/containers/{id}/exec", handle: createExec },
  { method: "POST", path: "/exec/{id}/start", hijacks: true, handle: startExec },
  { method: "POST", path: "/exec/{id}/resize", handle: resizeExec },
  { method: "GET", path: "/exec/{id}/json", handle: inspectExec },
];
