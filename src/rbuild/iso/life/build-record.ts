import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type HeldLock, lock, pathExists, readFileIfExists, tryLock, writeFileAtomic } from "../../../system/index.ts";
import { type BuildId, isBuildId } from "./build-id.ts";

const recordSchema = z.strictObject({
  id: z.string(),
  /** Project directory. */
  directory: z.string(),
  pid: z.int(),
  /** RFC 3339. */
  startedAt: z.string(),
  /** Directory beside the output where artifacts are made ready. */
  staging: z.string().exactOptional(),
});

/** What a build must leave behind in writing, so that whoever comes after its death can tidy up. */
export type BuildRecord = Readonly<z.infer<typeof recordSchema>>;

const MAX_RECORD_BYTES = 64 * 1024;

/**
 * Writes the record of a build that begins now and holds its lock as long as this process lives. Disposing takes the
 * record away: do it last.
 */
export async function openBuildRecord(stateDirectory: string, record: BuildRecord): Promise<AsyncDisposable> {
  const files = recordFiles(stateDirectory, record.id);
  await using _guard = await lockRecords(stateDirectory);
  await mkdir(files.directory, { recursive: true });
  const held = await lock(files.lock);
  await writeFileAtomic(files.record, JSON.stringify(record));
  return {
    async [Symbol.asyncDispose]() {
      await dropRecord(files);
      await held[Symbol.asyncDispose]();
    },
  };
}

/** Whether the build's process lives. */
export async function isBuildAlive(stateDirectory: string, id: BuildId): Promise<boolean> {
  const files = recordFiles(stateDirectory, id);
  await using _guard = await lockRecords(stateDirectory);
  if (!(await pathExists(files.lock))) return false;
  await using held = await tryLock(files.lock);
  return held === undefined;
}

/** Calls `tidy` for each build whose process is dead, then forgets the build. A build that cannot be tidied up stays for the next time. */
export async function forDeadBuilds(stateDirectory: string, tidy: (id: BuildId, record: BuildRecord | undefined) => Promise<void>): Promise<void> {
  const { directory } = recordFiles(stateDirectory, "");
  for (const name of (await namesIn(directory)).sort()) {
    const [id = "", suffix] = name.split(".");
    if (suffix !== "lock" || !isBuildId(id)) continue;
    const files = recordFiles(stateDirectory, id);
    // The guard keeps a build that is just beginning from being taken for a dead one.
    await using _guard = await lockRecords(stateDirectory);
    await using held = await tryLock(files.lock);
    if (!held) continue;
    await tidy(id, await readRecord(files.record));
    await dropRecord(files);
  }
}

interface RecordFiles {
  readonly directory: string;
  readonly record: string;
  readonly lock: string;
}

function recordFiles(stateDirectory: string, id: string): RecordFiles {
  const directory = join(stateDirectory, "builds");
  return { directory, record: join(directory, `${id}.json`), lock: join(directory, `${id}.lock`) };
}

const lockRecords = (stateDirectory: string): Promise<HeldLock> => lock(join(stateDirectory, "builds.lock"));

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch {
    return [];
  }
}

async function readRecord(path: string): Promise<BuildRecord | undefined> {
  const bytes = await readFileIfExists(path, MAX_RECORD_BYTES);
  if (!bytes) return undefined;
  const parsed = recordSchema.safeParse(JSON.parse(bytes.toString("utf8")));
  return parsed.data;
}

async function dropRecord(files: RecordFiles): Promise<void> {
  await rm(files.record, { force: true });
  await rm(files.lock, { force: true });
}
