import type { AttachedStreams, OutputChunk } from "../../engine/index.ts";
import type { Wire } from "../http/answer.ts";
import { createDetachScanner, type DetachScanner } from "./detach-keys.ts";
import { frameHeader } from "./frames.ts";

export interface ExchangeOptions {
  /** A TTY has one raw stream and can be left with the detach keys; without one output is framed. */
  readonly tty: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys?: string;
  /** Output that comes before what the process writes from now on. */
  readonly before?: AsyncIterable<OutputChunk>;
}

/** Joins a process's streams and a client until the process has ended, the client is gone, or it typed the detach keys. */
export async function exchange(streams: AttachedStreams, wire: Wire, options: ExchangeOptions): Promise<void> {
  await using attached = streams;
  const detached = attached.stdin ? feed(attached.stdin, wire, options) : drain(wire);
  const output = send(attached.output, wire, options);
  // Both may still fail after the race is over, when the connection goes: that is the client's leaving, not an error.
  detached.catch(() => undefined);
  output.catch(() => undefined);
  await Promise.race([output, detached, gone(wire.signal)]).catch((error: unknown) => {
    if (!wire.signal.aborted) throw error;
  });
}

async function send(source: AsyncIterable<OutputChunk>, wire: Wire, options: ExchangeOptions): Promise<void> {
  for (const chunks of [options.before, source]) {
    if (!chunks) continue;
    for await (const { stream, data } of chunks) {
      if (!options[stream] || data.byteLength === 0) continue;
      await (options.tty ? wire.write(data) : wire.write(frameHeader(stream, data.byteLength), data));
    }
  }
}

/** Resolves only when the client types the detach keys; the end of its input closes stdin and lets output go on. */
async function feed(stdin: NonNullable<AttachedStreams["stdin"]>, wire: Wire, options: ExchangeOptions): Promise<void> {
  const scanner: DetachScanner | undefined = options.tty ? createDetachScanner(options.detachKeys) : undefined;
  try {
    for await (const chunk of wire.input.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const { data, detached } = scanner ? scanner(chunk) : { data: chunk, detached: false };
      if (data.byteLength > 0) await stdin.write(data);
      if (detached) return;
    }
    await stdin.end();
  } catch {
    // The process closed its stdin or the client went away; both show on the output side.
  }
  await never();
}

async function drain(wire: Wire): Promise<void> {
  wire.input.on("error", () => undefined).resume();
  await never();
}

const gone = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
const never = (): Promise<never> => new Promise<never>(() => undefined);
