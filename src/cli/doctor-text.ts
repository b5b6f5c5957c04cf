import { styleText } from "node:util";
import type { Check, CheckStatus, Diagnosis } from "../rbuild/doctor/index.ts";

const SIGNS = { ok: ["ok", "green"], warn: ["warn", "yellow"], fail: ["FAIL", "red"] } as const satisfies Readonly<
  Record<CheckStatus, readonly [string, string]>
>;

/** A diagnosis for people: a line per check, and below what is wanting what it is for and what mends it. */
export function diagnosisLines({ job, isAble, checks, packages }: Diagnosis, stream: NodeJS.WriteStream): string[] {
  const width = Math.max(...checks.map((check) => check.id.length));
  return [...checks.flatMap((check) => checkLines(check, width, stream)), "", ...summary()];

  function summary(): string[] {
    const verdict = isAble ? `this machine can do the job "${job}"` : `this machine cannot do the job "${job}" yet`;
    return packages.length === 0 ? [verdict] : [verdict, `to install what is missing: rbuild doctor --for ${job} --fix`];
  }
}

function checkLines(check: Check, width: number, stream: NodeJS.WriteStream): string[] {
  const [sign, color] = SIGNS[check.status];
  const first = `${styleText(color, sign.padEnd(4), { stream })}  ${check.id.padEnd(width)}  ${check.found}`;
  if (check.status === "ok") return [first];
  const indent = " ".repeat(width + 8);
  const rest = [`needed: ${check.needed} (${check.why})`, ...(check.fix === undefined ? [] : [`to mend it: ${check.fix}`])];
  return [first, ...rest.map((line) => `${indent}${line}`)];
}
