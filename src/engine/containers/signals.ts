import { constants } from "node:os";
import { RbuildError } from "../../system/index.ts";

const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** Number of `TERM`, `SIGTERM`, `15`, `RTMIN+3`. @throws RbuildError `container.unknown-signal` */
export function parseSignal(signal: string | number): number {
  const text = String(signal).toUpperCase();
  const number = /^\d+$/.test(text) ? Number(text) : namedSignal(text.replace(/^SIG/, ""));
  if (number === undefined || number < 1 || number > SIGRTMAX) {
    throw new RbuildError("container.unknown-signal", `there is no signal ${JSON.stringify(signal)}`, { category: "invalid", details: { signal } });
  }
  return number;
}

function namedSignal(name: string): number | undefined {
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realTime) return (realTime[1] === "MIN" ? SIGRTMIN : SIGRTMAX) + (realTime[2] === "-" ? -1 : 1) * Number(realTime[3] ?? 0);
  return (constants.signals as Readonly<Record<string, number>>)[`SIG${name}`];
}
