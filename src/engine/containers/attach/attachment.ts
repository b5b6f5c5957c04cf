import type { Socket } from "node:net";
import { isSystemError } from "../../../system/errors.ts";
import { connectSeqpacket } from "../../../system/kernel/unix-seqpacket.ts";
import { BUNDLE } from "../../runtime/monitor/conmon.ts";
import type { AttachedStreams, WritableStdin } from "../container.ts";
import { OutputQueue } from "./output-queue.ts";

/** What the monitor reads at once; a longer packet would lose its end. */
const MAX_INPUT_PACKET = 8192;
/** First byte of the monitor's packets. */
const STDOUT = 2;
const STDERR = 3;

export interface AttachmentOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

interface MonitorOptions extends AttachmentOptions {
  /** The monitor ends the process's input with any connection that ends: whoever has only looked on leaves his to the process's end. */
  readonly sparesInput?: boolean;
}

/** A client of a process's monitor, made before the process if need be. */
export class Attachment implements AttachedStreams {
  readonly output: OutputQueue;
  readonly stdin?: WritableStdin;
  readonly #options: MonitorOptions;
  readonly #input = Promise.withResolvers<Socket | undefined>();
  #socket: Socket | undefined;
  #isJoining = false;
  #isEnded = false;

  constructor(options: MonitorOptions, signal?: AbortSignal) {
    this.#options = options;
    this.output = new OutputQueue(() => this.#socket?.resume());
    if (options.stdin) this.stdin = { write: (data) => this.#write(data), end: () => this.#endInput() };
    signal?.addEventListener("abort", () => this.end(signal.reason), { once: true });
  }

  /** Joined, or about to be. */
  get isConnected(): boolean {
    return this.#isJoining;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * Joins the monitor whose bundle this is; once. Input has a connection of its own: the one of a process that ends with input unread
   * is reset, and output that was still to be received on it would be lost with it. It gets the output too, and drops it.
   */
  async connect(bundle: string): Promise<void> {
    if (this.#isJoining || this.#isEnded) return;
    this.#isJoining = true;
    const socket = await connectSeqpacket(bundle, BUNDLE.attachSocket);
    if (this.#isEnded) return void socket.destroy();
    this.#socket = socket;
    socket.on("data", (packet: Buffer) => this.#receive(socket, packet));
    socket.on("end", () => {
      this.end();
      socket.destroy();
    });
    socket.on("close", () => this.end());
    socket.on("error", (error) => this.end(error));
    if (this.#options.stdin) await this.#connectInput(bundle);
  }

  end(error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#input.resolve(undefined);
    void this.#closeInput();
    this.output.end(error);
    if (this.#options.sparesInput) this.#socket?.unref().resume();
    else this.#socket?.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  #receive(socket: Socket, packet: Buffer): void {
    const stream = packet[0] === STDERR ? "stderr" : "stdout";
    if ((packet[0] !== STDOUT && packet[0] !== STDERR) || !this.#options[stream]) return;
    if (!this.output.push({ stream, data: packet.subarray(1) })) socket.pause();
  }

  /** What the process no longer reads is dropped without error, as a shell's pipe would end its writer. */
  async #write(data: Uint8Array): Promise<void> {
    const input = await this.#input.promise;
    for (let at = 0; at < data.byteLength; at += MAX_INPUT_PACKET) {
      if (!input?.writable) return;
      const packet = data.subarray(at, at + MAX_INPUT_PACKET);
      // one at a time: written together they would become one packet
      await new Promise<void>((resolve) => input.write(packet, () => resolve()));
    }
  }

  async #connectInput(bundle: string): Promise<void> {
    const input = await connectInput(bundle);
    if (this.#isEnded) input?.destroy();
    else this.#input.resolve(input);
  }

  async #closeInput(): Promise<void> {
    (await this.#input.promise)?.destroy();
  }

  async #endInput(): Promise<void> {
    const input = await this.#input.promise;
    if (input?.writable) await new Promise<void>((resolve) => input.end(() => resolve()));
  }
}

/** Errors are the process's end, which shows on the output. The monitor may have ended since the output was joined. */
async function connectInput(bundle: string): Promise<Socket | undefined> {
  try {
    return (await connectSeqpacket(bundle, BUNDLE.attachSocket)).on("error", () => undefined).resume();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ECONNREFUSED")) return undefined;
    throw error;
  }
}
