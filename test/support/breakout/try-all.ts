import { expect } from "vitest";
import { isRbuildError } from "../../../src/system/index.ts";
import type { BreakoutCase } from "./cases.ts";
import type { GuardedPlace } from "./guarded-place.ts";

/** Whether there can be such a file is for the file system to say. */
const OF_THE_FILE_SYSTEM: ReadonlySet<string> = new Set(["a sparse file of 4 PiB"]);

/**
 * Gives each archive to an unpacker. Whatever comes of it, nothing outside may have changed; an error has a code.
 * @returns a line for each archive, sorted: the code of its error, or `taken`
 */
export async function tryAll(place: GuardedPlace, unpack: (archive: BreakoutCase) => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  for (const archive of place.cases) {
    const error: unknown = await unpack(archive).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(place.changes(), archive.name).toEqual([]);
    if (error !== undefined && !isRbuildError(error)) throw new Error(`${archive.name}: an error without a code`, { cause: error });
    const outcome = error === undefined ? "taken" : error.code;
    lines.push(`${OF_THE_FILE_SYSTEM.has(archive.name) ? "taken or refused" : outcome}: ${archive.name}\n`);
  }
  return lines.sort().join("");
}
