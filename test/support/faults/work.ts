import type { Call, Fault, FaultyCommand } from "./faulty-run.ts";

/** Something that writes files, in a directory of its own. */
export interface Work extends FaultyCommand {
  /** One of rbuild's, whose errors have codes. */
  readonly isCommand?: boolean;
  /** Throws unless what is there is what was before, or what shall be; `isDone`: only that. */
  readonly verify: (isDone: boolean) => Promise<void>;
}

export type Works<Name extends string> = Readonly<Record<Name, (directory: string) => Promise<Work>>>;

/** A program of the tests, by its name. */
export const program = (name: string, ...args: string[]): readonly string[] => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  new URL(`../../fixtures/programs/${name}.ts`, import.meta.url).pathname,
  ...args,
];

export const KILL: readonly [string, (at: Call) => Fault] = ["killed before", (at) => ({ kind: "kill", at })];
export const FAULTS = [
  ["with a full disk at", (at) => ({ kind: "error", errno: "ENOSPC", at })],
  ["with a broken disk at", (at) => ({ kind: "error", errno: "EIO", at })],
] satisfies readonly (typeof KILL)[];
