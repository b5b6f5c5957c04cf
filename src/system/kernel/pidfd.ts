import { dlopen } from "node:ffi";
import { closeSync, readFileSync } from "node:fs";
import { isSystemError } from "../errors.ts";
import { checkCall } from "./errno.ts";

const { functions: libc } = dlopen(null, { syscall: { return: "i64", arguments: ["i64", "i64", "i64", "i64", "i64"] } });

/** The same numbers on every architecture. Linux 5.3. */
const SYS_pidfd_send_signal = 424n;
const SYS_pidfd_open = 434n;

/** A process, told apart from every later one that gets its number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, as /proc/pid/stat has it. */
  readonly startTime: number;
}

/** The process that has this number now, or undefined when there is none, or only its remains wait to be read by its parent. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // the name in parentheses may hold anything
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, startTime] = [fields[0], Number(fields[19])];
    return state === "Z" || state === "X" || !Number.isSafeInteger(startTime) ? undefined : { pid, startTime };
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

export function isProcessAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTime === identity.startTime;
}

/** Sends a signal to exactly this process. False when it has ended, even if its number has a new owner. */
export function signalProcess(identity: ProcessIdentity, signal: number): boolean {
  let fd: number;
  try {
    fd = checkCall(Number(libc.syscall(SYS_pidfd_open, BigInt(identity.pid), 0n, 0n, 0n)), "pidfd_open", `${identity.pid}`);
  } catch (error) {
    if (isSystemError(error, "ESRCH", "EINVAL")) return false;
    throw error;
  }
  try {
    // the descriptor pins the process: what is true of its number now stays true
    if (!isProcessAlive(identity)) return false;
    checkCall(Number(libc.syscall(SYS_pidfd_send_signal, BigInt(fd), BigInt(signal), 0n, 0n)), "pidfd_send_signal", `${identity.pid}`);
    return true;
  } catch (error) {
    if (isSystemError(error, "ESRCH")) return false;
    throw error;
  } finally {
    closeSync(fd);
  }
}
