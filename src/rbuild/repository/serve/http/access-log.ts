import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";

export type LogFormat = "combined" | "json" | "none";

/** One request that was answered, or what came in the place of one. */
export interface Visit {
  readonly address: string;
  readonly time: Date;
  /** The request line's three parts, as they were sent. */
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** 0: the connection was cut before an answer. */
  readonly status: number;
  /** Of the body. */
  readonly bytes: number;
  readonly referrer: string | undefined;
  readonly agent: string | undefined;
  readonly milliseconds: number;
}

/** Lines that wait for a slow disk; what comes on top of them is dropped and counted. */
const MAX_WAITING_BYTES = 1024 * 1024;

export interface AccessLog extends AsyncDisposable {
  write(visit: Visit): void;
  /** Opens the file by its name anew: another may have been put in its place. */
  reopen(): void;
  readonly dropped: number;
}

/** @param file default: stderr */
export function openAccessLog(format: LogFormat, file: string | undefined, onError: (error: Error) => void): AccessLog {
  let stream = openStream();
  let dropped = 0;
  return {
    write(visit) {
      if (format === "none") return;
      if (stream.writableLength > MAX_WAITING_BYTES) dropped++;
      else stream.write(format === "json" ? jsonLine(visit) : combinedLine(visit));
    },
    reopen() {
      if (file === undefined) return;
      const old = stream;
      stream = openStream();
      old.end();
    },
    get dropped() {
      return dropped;
    },
    async [Symbol.asyncDispose]() {
      if (file !== undefined) await new Promise<void>((resolve) => stream.on("close", resolve).end());
    },
  };

  function openStream(): Writable {
    return file === undefined ? process.stderr : createWriteStream(file, { flags: "a", mode: 0o640 }).on("error", onError);
  }
}

/** As nginx and Apache write it. */
export function combinedLine(visit: Visit): string {
  const { address, time, method, target, version, status, bytes, referrer, agent } = visit;
  const request = escaped(`${method} ${target} HTTP/${version}`);
  return `${escaped(address)} - - [${logTime(time)}] "${request}" ${status} ${bytes} "${escaped(referrer ?? "-")}" "${escaped(agent ?? "-")}"\n`;
}

function jsonLine({ time, ...visit }: Visit): string {
  const text = JSON.stringify({ time: time.toISOString(), ...visit, milliseconds: Math.round(visit.milliseconds * 10) / 10 });
  return `${text.replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

/** Nothing that a client sends can end a line, close a quote or steer a terminal. */
function escaped(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|["\\]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`).slice(0, 4096);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function logTime(time: Date): string {
  const [date = "", clock = ""] = time.toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${clock.slice(0, 8)} +0000`;
}
