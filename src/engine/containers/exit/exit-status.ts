import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { readFileIfExists } from "../../../system/index.ts";
import { BUNDLE } from "../../runtime/monitor/conmon.ts";
import type { ExitStatus } from "../container.ts";
import type { ContainerPaths } from "../state/container-paths.ts";

const SIGNAL_BASE = 128;
const signalNumbers = new Set<number>(Object.values(constants.signals));

/**
 * What the monitor wrote, or undefined when there is nothing. It tells a process that a signal ended from one that itself exited with
 * 128 + n no more than a shell does: both come out as `signaled`.
 */
export async function readExitStatus(paths: Pick<ContainerPaths, "exitFile" | "bundle">): Promise<ExitStatus | undefined> {
  const text = (await readFileIfExists(paths.exitFile, 64))?.toString("latin1").trim();
  if (text === undefined || !/^-?\d{1,4}$/.test(text)) return undefined;
  return exitStatusOf(Number(text), existsSync(join(paths.bundle, BUNDLE.oomFile)));
}

export function exitStatusOf(code: number, isOutOfMemory = false): ExitStatus {
  // The kernel may have ended a child, and the first process failed for want of it.
  if (isOutOfMemory && code !== 0) return { kind: "out-of-memory", code };
  const signal = code - SIGNAL_BASE;
  return signalNumbers.has(signal) ? { kind: "signaled", signal, code } : { kind: "exited", code };
}
