import { mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type HeldLock, isSystemError, lock, RbuildError } from "../../../system/index.ts";
import type { ContainerId } from "../container.ts";
import { type ContainerRoots, namesDirectory } from "./container-paths.ts";

/** Docker's rule; a name can never be a path. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;

/** Who has which name: one symbolic link per name, which appears whole or not at all. */
export class ContainerNames {
  readonly #roots: ContainerRoots;
  readonly #exists: (id: ContainerId) => Promise<boolean>;

  constructor(roots: ContainerRoots, exists: (id: ContainerId) => Promise<boolean>) {
    this.#roots = roots;
    this.#exists = exists;
  }

  #path(name: string): string {
    return join(namesDirectory(this.#roots), name);
  }

  #lock(): Promise<HeldLock> {
    return lock(join(this.#roots.root, "locks", "container-names.lock"));
  }

  async find(name: string): Promise<ContainerId | undefined> {
    if (!NAME.test(name)) return undefined;
    try {
      return readlinkSync(this.#path(name)) as ContainerId;
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /**
   * Gives a name to a container whose record is there already; takes it from one that is gone.
   * @throws RbuildError `container.bad-name`, `container.name-in-use`
   */
  async claim(name: string, id: ContainerId): Promise<void> {
    if (!NAME.test(name)) {
      throw new RbuildError("container.bad-name", `${JSON.stringify(name)} is not a container name: letters, digits, _ . and - after a letter or digit`, {
        category: "invalid",
        details: { name },
      });
    }
    try {
      symlinkSync(id, this.#path(name));
    } catch (error) {
      if (isSystemError(error, "ENOENT")) mkdirSync(namesDirectory(this.#roots), { recursive: true, mode: 0o700 });
      else if (!isSystemError(error, "EEXIST")) throw error;
      await this.#claimLocked(name, id);
    }
  }

  async #claimLocked(name: string, id: ContainerId): Promise<void> {
    await using _held = await this.#lock();
    for (;;) {
      const holder = await this.find(name);
      if (holder === id) return;
      if (holder !== undefined && (await this.#exists(holder))) {
        throw new RbuildError("container.name-in-use", `the name ${name} belongs to container ${holder.slice(0, 12)}`, {
          category: "conflict",
          hint: "remove or rename that container, or choose another name",
          details: { name, container: holder },
        });
      }
      rmSync(this.#path(name), { force: true });
      try {
        symlinkSync(id, this.#path(name));
        return;
      } catch (error) {
        if (!isSystemError(error, "EEXIST")) throw error;
      }
    }
  }

  /** Gives a name up if it is still this container's. */
  async release(name: string, id: ContainerId): Promise<void> {
    await using _held = await this.#lock();
    if ((await this.find(name)) === id) rmSync(this.#path(name), { force: true });
  }
}
