import { spawn } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { toolEnvironment } from "../../system/index.ts";
import type { SnapshotDirectory } from "./snapshot-directories.ts";
import type { SnapshotRecord } from "./snapshot-record.ts";

/** The mark of a snapshot that the disk has is the sticky bit of its directory: it can be set without making a file in it. */
const STICKY = 0o1000;
const SCRIPT = "sync --file-system . && chmod +t .";

/** Names this run of the kernel: what was not on disk yet when a run ended may be damaged in the next one. */
export async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/**
 * Has the disk take a committed snapshot, without waiting for it: a layer can be extracted again, so a power cut may cost time but must
 * not leave damage. A process of its own does it, which outlives this one if need be, and marks the snapshot when it is done. It works on
 * the directory that is there now, not on its name.
 */
export function makeDurable(directory: SnapshotDirectory): void {
  const child = spawn("sh", ["-c", SCRIPT], { cwd: directory.path, detached: true, stdio: "ignore", env: toolEnvironment() });
  // Without the mark the snapshot is made again after a restart of the machine.
  child.on("error", () => undefined);
  child.unref();
}

export async function isDurable(directory: SnapshotDirectory): Promise<boolean> {
  return ((await stat(directory.path)).mode & STICKY) !== 0;
}

/** False when the machine went down before the disk is known to have had the snapshot. */
export async function isTrusted(directory: SnapshotDirectory, record: SnapshotRecord, boot: string): Promise<boolean> {
  return record.kind === "active" || record.boot === undefined || record.boot === boot || (await isDurable(directory));
}
