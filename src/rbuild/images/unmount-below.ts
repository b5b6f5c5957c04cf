import { readFile } from "node:fs/promises";
import { unmount } from "../../system/index.ts";

/** Takes away mounts below a directory, so that removing it cannot reach what is mounted there. proc_pid_mountinfo(5). */
export async function unmountBelow(directory: string): Promise<void> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const targets = lines.map((line) =>
    (line.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
  );
  for (const target of targets.filter((path) => path.startsWith(`${directory}/`)).toReversed()) unmount(target, { lazy: true });
}
