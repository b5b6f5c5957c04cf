import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type HeldLock, isSystemError, lock, namesIn, RbuildError, readFileIfExists, removeTree, writeFileAtomic } from "../../../system/index.ts";
import type { ContainerId } from "../container.ts";
import { ContainerNames } from "./container-names.ts";
import { bundlesDirectory, type ContainerPaths, type ContainerRoots, containerPaths, containersDirectory } from "./container-paths.ts";
import { type ContainerRecord, type ContainerStatus, RECORD_VERSION } from "./container-record.ts";

const MAX_RECORD_BYTES = 16 * 1024 * 1024;
const ID = /^[0-9a-f]{64}$/;
/** `.<session>.<id>` */
const UNFINISHED = /^\.([^.]+)\.[0-9a-f]{64}$/;
const PREFIX = /^[0-9a-f]{1,63}$/;

export const isContainerId = (text: string): text is ContainerId => ID.test(text);

export interface StoredContainer {
  readonly record: ContainerRecord;
  readonly status: ContainerStatus;
}

/** Containers on disk. Not flushed at each step: what a power cut may lose are containers, which it ends anyway. */
export class ContainerStore {
  readonly roots: ContainerRoots;
  readonly names: ContainerNames;
  readonly #session: string;
  readonly #queues = new Map<ContainerId, Promise<void>>();

  /** @param session of this process, by which its unfinished directories are known */
  constructor(roots: ContainerRoots, session: string) {
    this.roots = roots;
    this.#session = session;
    this.names = new ContainerNames(roots, async (id) => (await this.read(id)) !== undefined);
  }

  paths(id: ContainerId): ContainerPaths {
    return containerPaths(this.roots, id);
  }

  /**
   * Alone among all processes; within this one in the order of asking, without the waiting that a file lock between processes takes. The file
   * goes with the container: nobody has anything to do under the lock of one that is gone.
   */
  async lock(id: ContainerId): Promise<HeldLock> {
    const before = this.#queues.get(id);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    this.#queues.set(id, released);
    await before;
    const leave = () => {
      if (this.#queues.get(id) === released) this.#queues.delete(id);
      release();
    };
    try {
      const held = await lock(this.paths(id).lock);
      return {
        path: held.path,
        [Symbol.asyncDispose]: async () => {
          if (!existsSync(this.paths(id).record)) rmSync(held.path, { force: true });
          await held[Symbol.asyncDispose]();
          leave();
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** The directory appears whole: until then it has another name, which tells whose it is. */
  async add(record: ContainerRecord, status: ContainerStatus): Promise<void> {
    const paths = this.paths(record.id);
    const unfinished = this.#unfinished(record.id);
    mkdirSync(unfinished, { recursive: true, mode: 0o700 });
    writeFileSync(join(unfinished, basename(paths.status)), JSON.stringify(status), { mode: 0o600 });
    writeFileSync(join(unfinished, basename(paths.record)), JSON.stringify(record), { mode: 0o600 });
    renameSync(unfinished, paths.directory);
  }

  /** The caller holds the lock of a container that does not run. */
  async writeRecord(record: ContainerRecord): Promise<void> {
    await writeFileAtomic(this.paths(record.id).record, JSON.stringify(record), { sync: false, mode: 0o600 });
  }

  async writeStatus(id: ContainerId, status: ContainerStatus): Promise<void> {
    await writeFileAtomic(this.paths(id).status, JSON.stringify(status), { sync: false, mode: 0o600 });
  }

  /** Undefined when there is none. @throws RbuildError `container.record-damaged` */
  async read(id: ContainerId): Promise<StoredContainer | undefined> {
    const paths = this.paths(id);
    const [recordBytes, statusBytes] = await Promise.all([readFileIfExists(paths.record, MAX_RECORD_BYTES), readFileIfExists(paths.status, MAX_RECORD_BYTES)]);
    if (recordBytes === undefined || statusBytes === undefined) return undefined;
    try {
      const record = JSON.parse(recordBytes.toString("utf8")) as ContainerRecord;
      const status = JSON.parse(statusBytes.toString("utf8")) as ContainerStatus;
      if (record.version !== RECORD_VERSION || record.id !== id || typeof status.phase?.kind !== "string") throw new Error("its version or id is another");
      return { record, status };
    } catch (error) {
      throw damaged(id, paths.record, error);
    }
  }

  /** @throws RbuildError `container.not-found`, `container.ambiguous` */
  async resolve(lookup: string): Promise<ContainerId> {
    if (isContainerId(lookup) && (await this.read(lookup)) !== undefined) return lookup;
    const named = await this.names.find(lookup.replace(/^\//, ""));
    if (named !== undefined && (await this.read(named)) !== undefined) return named;
    const matches = PREFIX.test(lookup) ? (await this.ids()).filter((id) => id.startsWith(lookup)) : [];
    const [match, second] = matches;
    if (second !== undefined) {
      throw new RbuildError("container.ambiguous", `${matches.length} containers have an id that starts with ${lookup}`, {
        category: "invalid",
        hint: "give more digits of the id",
        details: { lookup, ids: matches },
      });
    }
    if (match === undefined || (await this.read(match)) === undefined) throw notFound(lookup);
    return match;
  }

  /** @throws RbuildError `container.not-found` */
  async get(id: ContainerId): Promise<StoredContainer> {
    const found = await this.read(id);
    if (found === undefined) throw notFound(id);
    return found;
  }

  /** All ids, sorted; some may be half made or half gone. */
  async ids(): Promise<readonly ContainerId[]> {
    return (await namesIn(containersDirectory(this.roots))).filter(isContainerId).sort();
  }

  /** Ids of containers that the run root has something of. */
  async bundleIds(): Promise<readonly ContainerId[]> {
    return (await namesIn(bundlesDirectory(this.roots))).filter(isContainerId);
  }

  /** Forgets a container of which nothing is left but its record. */
  async drop(id: ContainerId): Promise<void> {
    const paths = this.paths(id);
    const unfinished = this.#unfinished(id);
    try {
      renameSync(paths.directory, unfinished);
    } catch (error) {
      if (!isSystemError(error, "ENOENT")) throw error;
    }
    await removeTree(unfinished);
  }

  /** Removes the directories that killed processes have left half made or half removed. */
  async dropUnfinished(isAlive: (session: string) => Promise<boolean>): Promise<void> {
    const directory = containersDirectory(this.roots);
    for (const name of await namesIn(directory)) {
      const session = UNFINISHED.exec(name)?.[1];
      if (session !== undefined && !(await isAlive(session))) await removeTree(join(directory, name));
    }
  }

  #unfinished(id: ContainerId): string {
    return join(containersDirectory(this.roots), `.${this.#session}.${id}`);
  }

  async prepare(): Promise<void> {
    mkdirSync(containersDirectory(this.roots), { recursive: true, mode: 0o700 });
    mkdirSync(join(this.roots.runRoot, "exits"), { recursive: true, mode: 0o700 });
  }
}

export function notFound(lookup: string): RbuildError {
  return new RbuildError("container.not-found", `there is no container ${JSON.stringify(lookup)}`, { category: "not-found", details: { container: lookup } });
}

const damaged = (id: ContainerId, path: string, cause: unknown) =>
  new RbuildError("container.record-damaged", `the record of container ${id.slice(0, 12)} cannot be read: ${cause instanceof Error ? cause.message : "?"}`, {
    hint: `rbuild engine fsck; then remove the directory of ${path}`,
    cause,
    details: { id },
  });
