import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** Bytes of serial output kept; a machine that writes more has gone mad. */
const MAX_TRANSCRIPT = 8 * 1024 * 1024;

export interface BootOptions {
  /** Default `bios`. `uefi` needs Debian's package ovmf. */
  readonly firmware?: "bios" | "uefi";
  /** MiB. Default 1024. */
  readonly memory?: number;
  /** Milliseconds that `expect` waits unless told otherwise. Default 180 000: software emulation is slow. */
  readonly timeout?: number;
}

/** A machine that was switched on; leaving its `await using` scope switches it off. */
export interface VirtualMachine extends AsyncDisposable {
  /**
   * Waits until the output that no `expect` has consumed yet has a match, consumes up to its end, and returns all it consumed.
   * @throws Error with the last lines of output after `timeout` milliseconds, or when the machine goes off
   */
  expect(pattern: RegExp, options?: { readonly timeout?: number }): Promise<string>;
  /** Types on the serial console. */
  send(text: string): void;
  /** Everything the serial console has shown so far. */
  readonly transcript: string;
}

/**
 * Boots an ISO image from a CD drive, through its own boot loader, in plain emulation; the serial port is the console.
 * @throws Error when qemu-system-x86_64 is not there
 */
export async function bootIso(path: string, options: BootOptions = {}): Promise<VirtualMachine> {
  // setpriv: the machine dies with its parent, however that ends.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...machine(path, options)], { stdio: ["pipe", "pipe", "pipe"] });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return new SerialMachine(child, options.timeout ?? 180_000);
}

function machine(path: string, options: BootOptions): string[] {
  const fixed = "-machine pc -accel tcg,thread=multi -cpu max -smp 2 -nodefaults -no-user-config -no-reboot -display none -vga std -serial stdio -boot d";
  // Option values have commas doubled.
  const drive = `if=ide,media=cdrom,readonly=on,format=raw,file=${path.replaceAll(",", ",,")}`;
  const firmware = options.firmware === "uefi" ? ["-bios", "/usr/share/ovmf/OVMF.fd"] : [];
  return [...fixed.split(" "), "-m", String(options.memory ?? 1024), "-drive", drive, ...firmware];
}

class SerialMachine implements VirtualMachine {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #timeout: number;
  readonly #gone: Promise<void>;
  #transcript = "";
  #consumed = 0;
  #errors = "";
  #isOff = false;
  #wake: (() => void) | undefined;

  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>, timeout: number) {
    this.#child = child;
    this.#timeout = timeout;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#transcript += text;
      if (this.#transcript.length > MAX_TRANSCRIPT) child.kill("SIGKILL");
      this.#wake?.();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#errors = (this.#errors + text).slice(-4096)));
    // A machine that has gone off takes no more typing.
    child.stdin.on("error", () => {});
    this.#gone = new Promise((resolve) => {
      child.once("close", () => {
        this.#isOff = true;
        this.#wake?.();
        resolve();
      });
    });
  }

  get transcript(): string {
    return this.#transcript;
  }

  async expect(pattern: RegExp, options: { readonly timeout?: number } = {}): Promise<string> {
    const timeout = options.timeout ?? this.#timeout;
    const deadline = Date.now() + timeout;
    for (;;) {
      const unread = this.#transcript.slice(this.#consumed);
      const match = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, "")).exec(unread);
      if (match) {
        const text = unread.slice(0, match.index + match[0].length);
        this.#consumed += text.length;
        return text;
      }
      if (this.#isOff) throw new Error(`the machine went off before its console showed ${pattern}: ${this.#errors}\n${lastLines(this.#transcript)}`);
      if (Date.now() >= deadline) throw new Error(`the console did not show ${pattern} within ${timeout} ms; its last lines:\n${lastLines(this.#transcript)}`);
      await this.#more(deadline - Date.now());
    }
  }

  send(text: string): void {
    this.#child.stdin.write(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOff) this.#child.kill("SIGKILL");
    await this.#gone;
  }

  /** Until there is more output, the machine goes off, or the time is over. */
  async #more(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

function lastLines(text: string): string {
  return text.split("\n").slice(-20).join("\n");
}
