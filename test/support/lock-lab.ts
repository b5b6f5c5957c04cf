import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RbuildEvent } from "../../src/rbuild/events.ts";
import { lockImage } from "../../src/rbuild/lock/lock-image.ts";
import type { LockOptions, LockOutcome } from "../../src/rbuild/lock/lock-operations.ts";
import { openTestArchive, type SigningKey, type SuiteState, type TestArchive } from "./apt-archive/index.ts";

/** A test archive, and definitions of images made from it. */
export interface LockLab extends AsyncDisposable {
  readonly archive: TestArchive;
  readonly imageDirectories: readonly string[];
  readonly stateDirectory: string;
  readonly events: RbuildEvent[];
  /** Writes `image.yaml`. An image without `from` gets the archive's suite `test`, unless `suites` says otherwise. */
  define(name: string, fields: Readonly<Record<string, unknown>>): Promise<string>;
  lock(name: string, options?: Omit<LockOptions, "name">): Promise<LockOutcome>;
}

export async function openLockLab(state?: SuiteState, key?: SigningKey): Promise<LockLab> {
  const stack = new AsyncDisposableStack();
  try {
    const archive = stack.use(await openTestArchive(key === undefined ? {} : { key }));
    const work = await mkdtemp("/var/tmp/rbuild-lock-");
    stack.defer(() => rm(work, { recursive: true, force: true }));
    if (state) await archive.publish(state);
    const imageDirectories = [join(work, "images")];
    const stateDirectory = join(work, "state");
    const events: RbuildEvent[] = [];
    return {
      archive,
      imageDirectories,
      stateDirectory,
      events,
      async define(name, fields) {
        const directory = join(work, "images", name);
        await mkdir(directory, { recursive: true });
        await copyFile(archive.keyring, join(directory, "archive.gpg"));
        const suites = [{ suite: "test", archive: "test", url: archive.url, keyring: "archive.gpg" }];
        const definition = { name, version: "1", ...("from" in fields ? {} : { suites, variant: "extract" }), ...fields };
        // JSON is YAML.
        await writeFile(join(directory, "image.yaml"), JSON.stringify(definition));
        if (fields["dockerfile"] !== undefined) await writeFile(join(directory, "Dockerfile"), "ARG RBUILD_BASE\nFROM ${RBUILD_BASE}\n");
        return directory;
      },
      lock: (name, options = {}) => lockImage({ name, ...options }, { imageDirectories, stateDirectory, report: (event) => void events.push(event) }),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
