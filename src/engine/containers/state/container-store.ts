import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type HeldLock, isSystemError, lock, RbuildError, readFileIfExists, writeFileAtomic } from "../../../system/index.ts";
import type { ContainerId } from "../container.ts";
import { ContainerNames } from "./container-names.ts";
import { type ContainerPaths, type ContainerRoots, containerPaths, containersDirectory } from "./container-paths.ts";
import { type ContainerRecord, type ContainerStatus, RECORD_VERSION } from "./container-record.ts";

const MAX_RECORD_BYTES = 16 * 1024 * 1024;
const ID = /^[0-9a-f]{64}$/;
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
  readonly #queues = new Map<ContainerId, Promise<void>>();

  constructor(roots: ContainerRoots) {
    this.roots = roots;
    this.names = new ContainerNames(roots, async (id) => (await this.read(id)) !== undefined);
  }

  paths(id: ContainerId): ContainerPaths {
    return containerPaths(this.roots, id);
  }

  /** Alone among all processes; within this one in the order of asking, without the waiting that a file lock between processes takes. */
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
        async [Symbol.asyncDispose]() {
          await held[Symbol.asyncDispose]();
          leave();
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  }

  async add(record: ContainerRecord, status: ContainerStatus): Promise<void> {
    const paths = this.paths(record.id);
    await mkdir(paths.directory, { recursive: true, mode: 0o700 });
    // first the status: a record makes the container visible
    await this.writeStatus(record.id, status);
    await writeFileAtomic(paths.record, JSON.stringify(record), { sync: false, mode: 0o600 });
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
    try {
      return (await readdir(containersDirectory(this.roots))).filter(isContainerId).sort();
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return [];
      throw error;
    }
  }

  /** Forgets a container of which nothing is left but its record. */
  async drop(id: ContainerId): Promise<void> {
    const paths = this.paths(id);
    await rm(paths.record, { force: true });
    await rm(paths.directory, { recursive: true, force: true });
    await rm(paths.lock, { force: true });
  }

  async prepare(): Promise<void> {
    await mkdir(containersDirectory(this.roots), { recursive: true, mode: 0o700 });
    await mkdir(join(this.roots.runRoot, "exits"), { recursive: true, mode: 0o700 });
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
