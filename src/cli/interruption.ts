import { constants } from "node:os";
import { RbuildError } from "../system/index.ts";
import { exitCodeOfSignal } from "./exit-code.ts";

export interface Interruption extends Disposable {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP with an RbuildError `cli.interrupted`. */
  readonly signal: AbortSignal;
  /** What the process exits with when it was interrupted. */
  exitCode(): number | undefined;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** timeout(1) and others signal a process and its group, so that one wish arrives twice. Milliseconds. */
const ECHO = 500;

/** The first signal asks for a clean end, the second of SIGINT or SIGTERM ends the process at once; the next command sweeps what is left. */
export function listenForInterrupts(onFirst: () => void, names: readonly (typeof SIGNALS)[number][] = SIGNALS): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let first = 0;
  const listener = (name: (typeof SIGNALS)[number]) => {
    const code = exitCodeOfSignal(constants.signals[name]);
    if (exitCode !== undefined) {
      if (name !== "SIGHUP" && performance.now() - first > ECHO) process.exit(code);
      return;
    }
    exitCode = code;
    first = performance.now();
    controller.abort(new RbuildError("cli.interrupted", `interrupted by ${name}`, { category: "cancelled", details: { signal: name } }));
    onFirst();
  };
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    [Symbol.dispose]() {
      for (const name of names) process.off(name, listener);
    },
  };
}
