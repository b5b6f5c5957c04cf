import { type FSWatcher, watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "../../../system/index.ts";
import type { ContainerId, LogEntry, LogOptions } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import { findTail } from "./find-tail.ts";
import { LogParser } from "./k8s-record.ts";

const BLOCK = 256 * 1024;
/** Where a change was missed. Milliseconds. */
const LOOK_INTERVAL = 250;

/** What a container has written, byte for byte, in the order it was written. With `follow`, also what is to come, until it ends. */
export async function* readLogs(context: ContainerContext, id: ContainerId, options: LogOptions = {}): AsyncGenerator<LogEntry, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  await context.store.get(id);
  const wanted = filterOf(options);
  await using file = await openLog(context, id, options);
  if (!file) return;
  let position = options.tail === undefined ? 0 : await findTail(file, (await file.stat()).size, options.tail);
  const parser = new LogParser();
  const buffer = Buffer.alloc(BLOCK);
  using changes = watchFile(options.follow ? context.store.paths(id).log : undefined);
  for (;;) {
    // asked before the last read: what was written before the end is then still read
    const isOver = !options.follow || (await hasEnded(context, id));
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, BLOCK, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      for (const { stream, time, data } of parser.push(Buffer.from(buffer.subarray(0, bytesRead)))) {
        if (wanted(stream, time)) yield { stream, time, data };
      }
      signal?.throwIfAborted();
    }
    if (isOver) return;
    await changes.next(signal);
    signal?.throwIfAborted();
  }
}

function filterOf(options: LogOptions): (stream: LogEntry["stream"], time: string) => boolean {
  const isAll = options.stdout === undefined && options.stderr === undefined;
  const streams = { stdout: isAll || (options.stdout ?? false), stderr: isAll || (options.stderr ?? false) };
  return (stream, time) =>
    streams[stream] && (options.since === undefined || secondsOf(time) >= options.since) && (options.until === undefined || secondsOf(time) <= options.until);
}

/** Seconds since 1970 of an RFC 3339 time with nanoseconds. */
function secondsOf(time: string): number {
  const [whole = "", fraction = "0"] = time.replace(/Z$/, "").split(".");
  return Date.parse(`${whole}Z`) / 1000 + Number(`0.${fraction}`);
}

/** The log appears with the first start. */
async function openLog(context: ContainerContext, id: ContainerId, options: LogOptions): Promise<FileHandle | undefined> {
  for (;;) {
    try {
      return await open(context.store.paths(id).log, "r");
    } catch (error) {
      if (!isSystemError(error, "ENOENT")) throw error;
    }
    const stored = await context.store.read(id);
    if (!options.follow || stored?.status.phase.kind !== "created") return undefined;
    await sleep(20, undefined, options.signal ? { signal: options.signal } : {});
  }
}

async function hasEnded(context: ContainerContext, id: ContainerId): Promise<boolean> {
  const stored = await context.store.read(id);
  const kind = stored?.status.phase.kind;
  return kind !== "running" && kind !== "created";
}

/** Wakes on a change of the file, and now and then. */
function watchFile(path: string | undefined): Disposable & { next(signal?: AbortSignal): Promise<void> } {
  let wake: (() => void) | undefined;
  let hasChanged = false;
  const watcher =
    path === undefined
      ? undefined
      : tryWatch(path, () => {
          hasChanged = true;
          wake?.();
        });
  return {
    async next(signal) {
      if (!hasChanged) {
        const waiting = Promise.withResolvers<void>();
        wake = waiting.resolve;
        const timer = setTimeout(wake, LOOK_INTERVAL);
        signal?.addEventListener("abort", wake, { once: true });
        await waiting.promise;
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
      }
      hasChanged = false;
      wake = undefined;
    },
    [Symbol.dispose]: () => watcher?.close(),
  };
}

/** Undefined where this user has no inotify instances left. */
function tryWatch(path: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(path, onChange).on("error", () => undefined);
  } catch (error) {
    if (isSystemError(error, "EMFILE", "ENFILE", "ENOSPC")) return undefined;
    throw error;
  }
}
