import type { Readable } from "node:stream";
import type { AttachableContainer, ContainerStreams } from "./attachable-container.ts";

export interface AttachOptions extends ContainerStreams {
  /** Undefined: the container's stdin is not connected. */
  readonly stdin?: Readable & NodeJS.ReadStream;
  readonly signal: AbortSignal;
}

/**
 * Starts a container with its streams connected and waits for its end. An abort kills it.
 * @returns its exit code
 */
export async function runAttached(container: AttachableContainer, options: AttachOptions): Promise<number> {
  const { signal, stdin, hasTty } = options;
  const joined = await container.attach(options);
  using _terminal = stdin ? giveTerminal(container, stdin, hasTty) : undefined;
  using _input = { [Symbol.dispose]: () => joined.leaveInput() };
  await container.start();
  if (hasTty) await resize(container);
  const kill = () => void container.kill().catch(() => {});
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  try {
    const code = await container.wait();
    await joined.ended;
    signal.throwIfAborted();
    return code;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

/** Key by key and with the size of this terminal, where the container has one. Disposing takes the terminal back. */
function giveTerminal(container: AttachableContainer, stdin: NodeJS.ReadStream, hasTty: boolean): Disposable {
  const isRaw = hasTty && stdin.isTTY;
  if (isRaw) stdin.setRawMode(true);
  const onResize = () => void resize(container);
  if (hasTty) process.stdout.on("resize", onResize);
  return {
    [Symbol.dispose]() {
      process.stdout.off("resize", onResize);
      stdin.pause();
      if (isRaw) stdin.setRawMode(false);
    },
  };
}

/** Best effort: the container may be over already. */
async function resize(container: AttachableContainer): Promise<void> {
  const { rows, columns } = process.stdout;
  if (rows > 0 && columns > 0) await container.resize({ rows, columns }).catch(() => {});
}
