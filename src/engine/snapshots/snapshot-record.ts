import { z } from "zod";
import { type ChainId, canonicalJson, type DiffId, isDigest, parseJson } from "../../oci/index.ts";
import { RbuildError, readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import type { SnapshotDirectory } from "./snapshot-directories.ts";

const digest = <T>() => z.custom<T>(isDigest);
const recordSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("committed"),
    parent: digest<ChainId>().exactOptional(),
    diffId: digest<DiffId>(),
    /** Bytes of the layer's files. */
    bytes: z.int().nonnegative(),
    /** The run of the kernel that made it; left out where nobody cares whether the disk has it. */
    boot: z.string().exactOptional(),
  }),
  z.object({ kind: z.literal("active"), parent: digest<ChainId>().exactOptional() }),
]);

/** What `snapshot.json` says of a snapshot; it never changes while the snapshot exists. */
export type SnapshotRecord = Readonly<z.infer<typeof recordSchema>>;

const MAX_RECORD_BYTES = 64 * 1024;

/** Undefined when there is no such snapshot. @throws RbuildError `snapshot.damaged` */
export async function readRecord(directory: SnapshotDirectory): Promise<SnapshotRecord | undefined> {
  const bytes = await readFileIfExists(directory.record, MAX_RECORD_BYTES);
  try {
    return bytes && parseJson(recordSchema, bytes, "snapshot record");
  } catch (error) {
    throw new RbuildError("snapshot.damaged", `the record ${directory.record} is damaged: ${error instanceof Error ? error.message : ""}`, {
      hint: "rbuild engine gc",
      cause: error,
      details: { path: directory.record },
    });
  }
}

/** Not waited for: what a power cut damages is found and made again. */
export async function writeRecord(directory: SnapshotDirectory, record: SnapshotRecord): Promise<void> {
  await writeFileAtomic(directory.record, canonicalJson(record), { sync: false });
}
