import type { Readable, Writable } from "node:stream";
import type Docker from "dockerode";
import type { AttachedStreams, Engine } from "../../engine/index.ts";
import { asked } from "../../rbuild/container-host/host-error.ts";
import { answerError, createDirectly } from "../../server/index.ts";
import type { AttachableContainer, ContainerStreams, JoinedStreams } from "./attachable-container.ts";

/**
 * A new container of this process's own engine: what a Docker client would get of it, without the connection and the packages that one takes.
 * @throws RbuildError with the engine's code
 */
export async function createEngineContainer(engine: Engine, { name, ...body }: Docker.ContainerCreateOptions): Promise<AttachableContainer & AsyncDisposable> {
  const id = await told(`make a container of ${body.Image}`, createDirectly(engine, body, name));
  const { containers } = engine;
  return {
    attach: async (streams) =>
      join(await told("attach to the container", containers.attach(id, { stdin: streams.stdin !== undefined, stdout: true, stderr: true })), streams),
    start: async () => void (await told("start the container", containers.start(id))),
    wait: async () => (await told("wait for the container", containers.wait(id))).code,
    kill: () => containers.kill(id),
    resize: (size) => containers.resize(id, size),
    [Symbol.asyncDispose]: () => containers.remove(id, { force: true, volumes: true }).catch(() => {}),
  };
}

const told = <T>(what: string, answer: Promise<T>): Promise<T> =>
  asked(
    what,
    answer.catch((error: unknown) => {
      throw answerError(error);
    }),
  );

function join(attached: AttachedStreams, { stdin, stdout, stderr }: ContainerStreams): JoinedStreams {
  const leaving = new AbortController();
  if (stdin && attached.stdin) void passOn(stdin, attached.stdin, leaving.signal);
  return { ended: write(attached, stdout, stderr), leaveInput: () => leaving.abort() };
}

async function write(attached: AttachedStreams, stdout: Writable, stderr: Writable): Promise<void> {
  await using _attached = attached;
  try {
    for await (const { stream, data } of attached.output) {
      const target = stream === "stderr" ? stderr : stdout;
      if (!target.write(data) && !target.destroyed) await drained(target);
    }
  } catch {
    // the reader went away, or the monitor: the exit code tells how it ended
  }
}

function drained(target: Writable): Promise<void> {
  return new Promise((resolve) => {
    const events = ["drain", "close", "error"];
    const done = () => {
      for (const event of events) target.off(event, done);
      resolve();
    };
    for (const event of events) target.on(event, done);
  });
}

/** Input as it comes; its end is passed on too. What the process no longer reads is dropped. */
async function passOn(stdin: Readable, target: NonNullable<AttachedStreams["stdin"]>, signal: AbortSignal): Promise<void> {
  const leave = () => void stdin.pause();
  signal.addEventListener("abort", leave, { once: true });
  stdin.once("end", () => void (signal.aborted || target.end()));
  stdin.on("data", (chunk: Buffer) => {
    if (signal.aborted) return;
    stdin.pause();
    void target.write(chunk).finally(() => {
      if (!signal.aborted) stdin.resume();
    });
  });
}
