import type { Readable, Writable } from "node:stream";
import type Docker from "dockerode";
import { asked } from "../../rbuild/container-host/host-error.ts";

export interface AttachOptions {
  readonly hasTty: boolean;
  /** Undefined: the container's stdin is not connected. */
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly signal: AbortSignal;
}

/**
 * Starts a container with its streams connected and waits for its end. An abort kills it.
 * @returns its exit code
 */
export async function runAttached(container: Docker.Container, options: AttachOptions): Promise<number> {
  const { signal, stdin, hasTty } = options;
  const streams = { stream: true, stdout: true, stderr: true, stdin: stdin !== undefined, hijack: stdin !== undefined };
  const stream = await asked("attach to the container", container.attach(streams));
  const ended = outputEnds(container, stream, options);
  using _terminal = stdin ? connectInput(container, stdin, stream, hasTty) : undefined;
  const exit = asked("wait for the container", container.wait({ condition: "next-exit" }));
  exit.catch(() => {}); // start() tells why
  await asked("start the container", container.start());
  if (hasTty) await resize(container);
  const kill = () => void container.kill().catch(() => {});
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  try {
    const { StatusCode: code } = (await exit) as { readonly StatusCode: number };
    await ended;
    signal.throwIfAborted();
    return code;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

/** Writes what the container prints. With a terminal it comes as it is, else in frames. Resolves when there is no more. */
function outputEnds(container: Docker.Container, stream: NodeJS.ReadWriteStream, { hasTty, stdout, stderr }: AttachOptions): Promise<void> {
  if (hasTty) stream.pipe(stdout, { end: false });
  else (container.modem as Docker["modem"]).demuxStream(stream, stdout, stderr);
  return new Promise((resolve) => {
    for (const event of ["end", "close", "error"]) stream.once(event, () => resolve());
  });
}

/** Passes input on, key by key where the container has a terminal; its end is passed on too. Disposing gives the terminal back. */
function connectInput(container: Docker.Container, stdin: NodeJS.ReadStream, stream: NodeJS.ReadWriteStream, hasTty: boolean): Disposable {
  const isRaw = hasTty && stdin.isTTY;
  if (isRaw) stdin.setRawMode(true);
  (stdin as Readable).pipe(stream);
  const onResize = () => void resize(container);
  if (hasTty) process.stdout.on("resize", onResize);
  return {
    [Symbol.dispose]() {
      process.stdout.off("resize", onResize);
      (stdin as Readable).unpipe(stream);
      stdin.pause();
      if (isRaw) stdin.setRawMode(false);
    },
  };
}

/** Best effort: the container may be over already. */
async function resize(container: Docker.Container): Promise<void> {
  const { rows, columns } = process.stdout;
  if (rows > 0 && columns > 0) await container.resize({ h: rows, w: columns }).catch(() => {});
}
