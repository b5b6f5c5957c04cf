import { execa, type Options } from "execa";

/** Milliseconds of processors that a command and all that it waited for took, user and system. @throws when it fails */
export async function processorTime(command: readonly [program: string, ...args: string[]], options: Options = {}): Promise<number> {
  const { stderr } = await execa("bash", ["-c", 'TIMEFORMAT="%U %S"; time "$@"', "bash", ...command], { ...options, stderr: "pipe" });
  const [user, system] = String(stderr).trim().split("\n").at(-1)?.split(" ").map(Number) ?? [];
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) * 1000;
}
