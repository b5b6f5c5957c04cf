import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { installCommand } from "../apt-command.ts";
import type { Check, CheckContext } from "../check.ts";
import { findProgram } from "../find-program.ts";

/** What a system in a user namespace needs at least. */
const WANTED = 65536;

/** Facts for those who are not root: containers without root need a range of user ids. Never fails a job. */
export const checkSubordinateIds = async ({ isRoot }: Pick<CheckContext, "isRoot">): Promise<readonly Check[]> => {
  if (isRoot) return [];
  const { username, uid } = userInfo();
  const count = subordinateIds(await readFile("/etc/subuid", "utf8").catch(() => ""), username, uid);
  const base = { id: "rootless.subordinate-ids", needed: `${WANTED} ids in /etc/subuid`, why: "containers without root", found: `${count} for ${username}` };
  if (count < WANTED) return [{ ...base, status: "warn", fix: `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}` }];
  if (!(await findProgram(["newuidmap"])))
    return [{ ...base, status: "warn", found: `${base.found}, but no newuidmap`, fix: installCommand(["uidmap"], isRoot) }];
  return [{ ...base, status: "ok" }];
};

/** Sum of a user's ranges by subuid(5). */
export function subordinateIds(text: string, user: string, uid: number): number {
  return text
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([name]) => name === user || name === String(uid))
    .reduce((sum, [, , count]) => sum + (Number(count) || 0), 0);
}
