import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import { BUNDLE } from "../../runtime/monitor/conmon.ts";

const RESIZE = 1;
const MAX_SIZE = 65_535;

/** Tells the monitor of a process with a terminal how large the terminal is. @throws RbuildError `container.bad-size`, `container.not-running` */
export async function resizeTerminal(bundle: string, { rows, columns }: { readonly rows: number; readonly columns: number }): Promise<void> {
  if (![rows, columns].every((value) => Number.isInteger(value) && value >= 0 && value <= MAX_SIZE)) {
    throw new RbuildError("container.bad-size", `a terminal of ${rows} rows and ${columns} columns cannot be`, { category: "invalid" });
  }
  try {
    // a FIFO: without a reader it is not waited for
    await using control = await open(join(bundle, BUNDLE.control), constants.O_WRONLY | constants.O_NONBLOCK);
    await control.write(`${RESIZE} ${rows} ${columns}\n`);
  } catch (error) {
    if (!isSystemError(error, "ENOENT", "ENXIO")) throw error;
    throw new RbuildError("container.not-running", "the process whose terminal was to be resized is not running", { category: "conflict", cause: error });
  }
}
