import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { isSystemError, pathExists, readFileIfExists, syncDirectory, writeFileAtomic } from "../../../system/index.ts";
import { makeOwned } from "./make-owned.ts";

/** The names that rbuild itself gives files in the output, in the order they appear; the manifest last. */
export const LOG_FILE = "build.log";
export const CHECKSUMS_FILE = "SHA256SUMS";
export const MANIFEST_FILE = "rbuild-manifest.json";
/** A failed build's log; the last successful build's files stay as they are beside it. */
export const FAILED_LOG_FILE = "build-failed.log";
export const RESERVED_NAMES: readonly string[] = [LOG_FILE, FAILED_LOG_FILE, CHECKSUMS_FILE, MANIFEST_FILE];

const journalSchema = z.strictObject({
  /** Where the files go. */
  output: z.string(),
  /** Renames in their order: `from` below the staging directory, `to` below the output. */
  moves: z.array(z.strictObject({ from: z.string(), to: z.string() })),
  /** Whom directories made on the way belong to. */
  owner: z.strictObject({ uid: z.int(), gid: z.int() }),
});

export type ExportJournal = Readonly<z.infer<typeof journalSchema>>;

const MAX_JOURNAL_BYTES = 16 * 1024 * 1024;
const journalPath = (staging: string) => join(staging, "export.json");

/** From here on the export is decided: `finishExport` completes it, in this process or after its death. */
export async function decideExport(staging: string, journal: ExportJournal): Promise<void> {
  await writeFileAtomic(journalPath(staging), JSON.stringify(journal));
}

/**
 * Moves a decided export's files to the output. Checksums and manifest of an earlier build go first and the new ones come
 * last, so that they never stand beside files they do not describe. Idempotent; does nothing when nothing was decided.
 */
export async function finishExport(staging: string): Promise<void> {
  const bytes = await readFileIfExists(journalPath(staging), MAX_JOURNAL_BYTES);
  if (!bytes) return;
  const { output, moves, owner } = journalSchema.parse(JSON.parse(bytes.toString("utf8")));
  // Once the first file has moved, what stands there may be this build's own.
  const first = moves[0];
  if (first && (await pathExists(join(staging, first.from))))
    for (const name of [MANIFEST_FILE, CHECKSUMS_FILE, FAILED_LOG_FILE]) await rm(join(output, name), { force: true });
  for (const { from, to } of moves) {
    await makeOwned(dirname(join(output, to)), owner);
    try {
      await rename(join(staging, from), join(output, to));
    } catch (error) {
      // Moved before the process died.
      if (!isSystemError(error, "ENOENT")) throw error;
    }
  }
  await syncDirectory(output);
  await rm(journalPath(staging), { force: true });
}
