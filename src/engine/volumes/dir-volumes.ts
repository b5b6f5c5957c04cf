import { randomBytes } from "node:crypto";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../oci/index.ts";
import { type Clock, type HeldLock, lock, namesIn, pathExists, RbuildError, readFileIfExists, syncDirectory, systemClock } from "../../system/index.ts";
import type { VolumeInfo, Volumes } from "./volume.ts";

const MAX_RECORD_BYTES = 1024 * 1024;
/** Docker's rule; a name can never be a path or hidden. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;
/** Half-made and half-removed volumes have a name no volume can have. */
const UNFINISHED = ".unfinished-";

const recordSchema = z.object({ createdAt: z.string(), labels: z.record(z.string(), z.string()), anonymous: z.boolean() });

export interface DirVolumesOptions {
  /** The engine's root: volumes are `<root>/volumes/<name>/{volume.json,_data}`. */
  readonly root: string;
  /** True when a container has the volume. Asked under the lock that `create` takes too. */
  readonly isInUse: (name: string) => Promise<boolean>;
  readonly clock?: Clock;
}

/**
 * Volumes as directories. One appears by a rename and goes by a rename, so after a kill it is there whole or not there;
 * what a kill left under another name is removed by `sweep`.
 */
export class DirVolumes implements Volumes {
  readonly #directory: string;
  readonly #lockPath: string;
  readonly #isInUse: DirVolumesOptions["isInUse"];
  readonly #clock: Clock;

  constructor(options: DirVolumesOptions) {
    this.#directory = join(options.root, "volumes");
    this.#lockPath = join(options.root, "locks", "volumes.lock");
    this.#isInUse = options.isInUse;
    this.#clock = options.clock ?? systemClock;
  }

  #lock(): Promise<HeldLock> {
    return lock(this.#lockPath);
  }

  async create(spec: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> }): Promise<VolumeInfo> {
    const name = spec.name ?? randomBytes(32).toString("hex");
    if (!NAME.test(name)) {
      throw new RbuildError("volume.invalid-name", `${JSON.stringify(name)} is not a volume name: letters, digits, _ . and - after a letter or digit`, {
        category: "invalid",
        details: { name },
      });
    }
    await mkdir(this.#directory, { recursive: true, mode: 0o711 });
    await using _held = await this.#lock();
    const present = await this.#read(name);
    if (present) return present;
    const temporary = join(this.#directory, `${UNFINISHED}${randomBytes(6).toString("hex")}`);
    try {
      await mkdir(join(temporary, "_data"), { recursive: true });
      await chmod(temporary, 0o711);
      await chmod(join(temporary, "_data"), 0o755);
      const record = { createdAt: this.#clock.now().toISOString(), labels: spec.labels ?? {}, anonymous: spec.name === undefined };
      await writeFile(join(temporary, "volume.json"), JSON.stringify(record), { flush: true });
      await rename(temporary, join(this.#directory, name));
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
    await syncDirectory(this.#directory);
    return await this.get(name);
  }

  async get(name: string): Promise<VolumeInfo> {
    const volume = NAME.test(name) ? await this.#read(name) : undefined;
    if (!volume) throw new RbuildError("volume.not-found", `there is no volume ${JSON.stringify(name)}`, { category: "not-found", details: { name } });
    return volume;
  }

  async list(): Promise<readonly VolumeInfo[]> {
    const volumes = await Promise.all((await namesIn(this.#directory)).filter((name) => NAME.test(name)).map((name) => this.#read(name)));
    return volumes.flatMap((volume) => volume ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** With `force` a volume that is not there is no error. One in use is never removed. */
  async remove(name: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const removed = join(this.#directory, `${UNFINISHED}${randomBytes(6).toString("hex")}`);
    {
      await using _held = await this.#lock();
      if (options.force && !(NAME.test(name) && (await pathExists(join(this.#directory, name))))) return;
      await this.get(name);
      if (await this.#isInUse(name)) {
        throw new RbuildError("volume.in-use", `the volume ${name} belongs to a container`, {
          category: "conflict",
          hint: "remove the container first",
          details: { name },
        });
      }
      await rename(join(this.#directory, name), removed);
      await syncDirectory(this.#directory);
    }
    await rm(removed, { recursive: true, force: true });
  }

  /** Removes what killed processes left half-made or half-removed. */
  async sweep(): Promise<void> {
    if (!(await namesIn(this.#directory)).some((name) => name.startsWith(UNFINISHED))) return;
    await using _held = await this.#lock();
    for (const name of await namesIn(this.#directory)) {
      if (name.startsWith(UNFINISHED)) await rm(join(this.#directory, name), { recursive: true, force: true });
    }
  }

  async #read(name: string): Promise<VolumeInfo | undefined> {
    const directory = join(this.#directory, name);
    const bytes = await readFileIfExists(join(directory, "volume.json"), MAX_RECORD_BYTES);
    return bytes && { name, mountpoint: join(directory, "_data"), ...parseJson(recordSchema, bytes, `record of volume ${name}`) };
  }
}
