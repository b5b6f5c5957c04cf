import { createReadStream, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { RbuildError } from "../../system/index.ts";

const MAX_BYTES = 4096;

/** What is left of the lines of file descriptors, which can be read but once. */
const linesOf = new Map<number, Promise<string[]>>();

/**
 * A passphrase: from a file descriptor, else asked on the terminal, unseen. Of several lines each is for one key, in the order in which the
 * keys are named; the last line is for all that follow.
 * @throws RbuildError `keys.no-passphrase`
 */
export async function askPassphrase(what: string, options: { readonly fileDescriptor?: number | undefined; readonly signal: AbortSignal }): Promise<string> {
  const { fileDescriptor: fd, signal } = options;
  if (fd === undefined) return await readTerminal(what, signal);
  const reading = linesOf.get(fd) ?? readDescriptor(fd, signal).then((text) => text.replace(/\r?\n$/, "").split(/\r?\n/));
  linesOf.set(fd, reading);
  const lines = await reading;
  return (lines.length > 1 ? lines.shift() : lines[0]) ?? "";
}

async function readDescriptor(fd: number, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream("", { fd, autoClose: false, signal })) {
      chunks.push(chunk as Buffer);
      if (Buffer.concat(chunks).byteLength > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw missing(`the file descriptor ${fd} gives no passphrase: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function readTerminal(what: string, signal: AbortSignal): Promise<string> {
  let fd: number;
  try {
    fd = openSync("/dev/tty", "r+");
  } catch (error) {
    throw missing("there is no terminal to ask for the passphrase on", error);
  }
  const terminal = new ReadStream(fd); // closes it
  try {
    // first: what answers the question at once is not to be seen either
    terminal.setRawMode(true);
    writeSync(fd, `Passphrase of ${what}: `);
    return await readLine(terminal, signal);
  } finally {
    terminal.setRawMode(false);
    writeSync(fd, "\n");
    terminal.destroy();
  }
}

/** Characters up to the end of the line, with the keys that take back. Ctrl-C is not a signal in raw mode. */
function readLine(terminal: ReadStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    terminal.setEncoding("utf8");
    terminal.on("error", reject);
    terminal.on("data", (chunk) => {
      for (const character of String(chunk)) {
        if (character === "\r" || character === "\n" || character === "\u0004") return resolve(text);
        if (character === "\u0003") return void process.kill(process.pid, "SIGINT");
        if (character === "\u007f" || character === "\b") text = Array.from(text).slice(0, -1).join("");
        else if (character === "\u0015") text = "";
        else text += character;
      }
    });
  });
}

function missing(message: string, cause: unknown): RbuildError {
  return new RbuildError("keys.no-passphrase", message, { category: "unavailable", hint: "--passphrase-fd 3 3< FILE", cause });
}
