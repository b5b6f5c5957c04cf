import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { isRbuildError, isSystemError, mount, run, unmount } from "../../../src/system/index.ts";
import { scratchDirectory } from "../scratch.ts";

/** What a disk runs out of: room for bytes, in pages, or for names. */
type Scarce = "size" | "nr_inodes";
const PAGE = 4096;
const MAX_POINTS = 5000;
const ROOM = "remount,size=256m,nr_inodes=100000";

export interface FullDiskSweep {
  /** Fills the empty disk with what is there before. */
  readonly prepare: (disk: string) => Promise<void>;
  /** What writes to it. */
  readonly act: (disk: string) => Promise<unknown>;
  /** Throws unless what is there is what was before, or what shall be; `isDone`: only that. */
  readonly verify: (disk: string, isDone: boolean) => Promise<void>;
  /** Of the codes of errors; default: those that tell of a full disk. */
  readonly codes?: RegExp;
  /** How the steps grow where not each is taken; default: each is three times the one before. */
  readonly growth?: number;
  /** How many more there are each time where each is taken; default: one. */
  readonly step?: number;
}

/**
 * Has a disk be full at each write that something makes: with no page left, one, two and so on, until it succeeds; and then with no inode left.
 * Without RBUILD_TEST_FULL the steps grow. After each failure all must be as before or as wanted, and with room again the work is completed.
 * @returns how many writes failed
 */
export async function sweepFullDisk({ prepare, act, verify, codes = /no-space$/, growth = 3, step = 1 }: FullDiskSweep): Promise<number> {
  const directory = await scratchDirectory();
  let failures = 0;
  for (const scarce of ["size", "nr_inodes"] as const) {
    for (let free = 0; ; free = process.env["RBUILD_TEST_FULL"] === "1" ? free + step : growth * free + 1) {
      expect(free).toBeLessThan(MAX_POINTS);
      const disk = join(directory, `${scarce}-${free}`);
      mkdirSync(disk);
      mount("tmpfs", disk, "tmpfs", 0n, "size=256m,nr_inodes=100000");
      try {
        await prepare(disk);
        await leave(disk, scarce, free);
        const failure: unknown = await act(disk).then(
          () => undefined,
          (error: unknown) => error ?? new Error("nothing"),
        );
        await run("mount", ["-o", ROOM, disk]);
        await verify(disk, failure === undefined);
        if (failure === undefined) break;
        const isOfDisk = isRbuildError(failure) ? codes.test(failure.code) : isSystemError(failure, "ENOSPC");
        if (!isOfDisk) throw new Error(`with ${free} left of ${scarce} it fails in another way`, { cause: failure });
        failures++;
        await act(disk);
        await verify(disk, true);
      } finally {
        unmount(disk, { lazy: true });
        rmSync(disk, { recursive: true, force: true });
      }
    }
  }
  return failures;
}

async function leave(disk: string, scarce: Scarce, free: number): Promise<void> {
  const { blocks, bfree, files, ffree } = statfsSync(disk);
  const limit = scarce === "size" ? `size=${Math.max(1, blocks - bfree + free) * PAGE}` : `nr_inodes=${files - ffree + free}`;
  await run("mount", ["-o", `remount,${limit}`, disk]);
}
