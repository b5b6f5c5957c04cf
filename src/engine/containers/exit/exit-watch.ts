import { existsSync, type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { isSystemError } from "../../../system/index.ts";
import { isProcessAlive, type ProcessIdentity } from "../../../system/kernel/pidfd.ts";
import type { ContainerId } from "../container.ts";
import { type ContainerRoots, exitsDirectory } from "../state/container-paths.ts";

/** How often it is looked whether monitors live that should have written an exit code. Milliseconds. */
const MONITOR_CHECK_INTERVAL = 1000;
/** How often the directory is looked at where it cannot be watched. Milliseconds. */
const POLL_INTERVAL = 50;

export interface Watched {
  readonly process: ProcessIdentity;
  readonly monitor: ProcessIdentity | undefined;
  /** Called once: the exit file is there, or process and monitor have vanished without one. */
  readonly onEnd: () => void;
}

/** Sees the ends of containers: by their exit files at once, and of those whose monitor was killed within a second. */
export class ExitWatch implements Disposable {
  readonly #roots: ContainerRoots;
  readonly #watched = new Map<ContainerId, Watched | undefined>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(roots: ContainerRoots) {
    this.#roots = roots;
  }

  /** Must be called before the container's process can end; `watch` follows when its numbers are known. */
  expect(id: ContainerId): void {
    this.#watched.set(id, undefined);
    this.#watcher ??= this.#watchDirectory();
    this.#timer ??= setInterval(() => this.#checkAll(), this.#watcher ? MONITOR_CHECK_INTERVAL : POLL_INTERVAL).unref();
  }

  watch(id: ContainerId, watched: Watched): void {
    if (!this.#watched.has(id)) this.expect(id);
    this.#watched.set(id, watched);
    this.#look(id);
  }

  forget(id: ContainerId): void {
    this.#watched.delete(id);
    if (this.#watched.size === 0) this[Symbol.dispose]();
  }

  isWatching(id: ContainerId): boolean {
    return this.#watched.get(id) !== undefined;
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#watched.clear();
  }

  /** Undefined where this user has no inotify instances left: then it is looked more often. */
  #watchDirectory(): FSWatcher | undefined {
    try {
      const watcher = watch(exitsDirectory(this.#roots), { persistent: false }, (_event, name) => {
        if (name !== null && this.#watched.has(name as ContainerId)) this.#look(name as ContainerId);
      });
      return watcher.on("error", () => undefined);
    } catch (error) {
      if (isSystemError(error, "EMFILE", "ENFILE", "ENOSPC")) return undefined;
      throw error;
    }
  }

  #look(id: ContainerId): void {
    const watched = this.#watched.get(id);
    if (watched === undefined || !existsSync(join(exitsDirectory(this.#roots), id))) return;
    this.#end(id, watched);
  }

  #checkAll(): void {
    for (const [id, watched] of this.#watched) {
      if (watched === undefined) continue;
      const isAlive = isProcessAlive(watched.process) || (watched.monitor !== undefined && isProcessAlive(watched.monitor));
      if (isAlive) this.#look(id);
      else this.#end(id, watched);
    }
  }

  #end(id: ContainerId, watched: Watched): void {
    this.forget(id);
    watched.onEnd();
  }
}
