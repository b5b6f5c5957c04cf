import { spawnSync } from "node:child_process";
import { checkSubordinateIds } from "../../rbuild/doctor/checks/subordinate-ids.ts";
import { findProgram } from "../../rbuild/doctor/find-program.ts";
import { RbuildError } from "../../system/errors.ts";
import { ROOTLESS } from "../engine-places.ts";

/** Root inside is the user outside, and 65536 ids more are the user's subordinate ones: unshare(1), newuidmap(1). */
const NAMESPACE = ["--user", "--map-root-user", "--map-auto", "--mount"];

/**
 * Starts this command anew as root of a user namespace, in place of this process: what it is to do must not have begun.
 * @throws RbuildError `host.no-user-namespace`
 */
export async function enterUserNamespace(): Promise<never> {
  const [ids] = await checkSubordinateIds({ isRoot: false });
  if (ids !== undefined && ids.status !== "ok") throw notPossible(`${ids.needed} are needed; found: ${ids.found}`, ids.fix);
  const unshare = await findProgram(["unshare"]);
  if (unshare === undefined) throw notPossible("unshare is not installed", "sudo apt-get install util-linux");
  const tried = spawnSync(unshare, [...NAMESPACE, "true"], { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
  if (tried.status !== 0) throw notPossible(tried.stderr.trim().split("\n")[0] || `unshare ended with ${tried.status ?? tried.signal}`);
  const words = [unshare, ...NAMESPACE, "--", process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(unshare, words, { ...process.env, [ROOTLESS]: "1" });
  throw notPossible("this Node cannot replace its process");
}

function notPossible(why: string, hint = `sudo ${process.env["RBUILD_PROGRAM"] ?? "rbuild"} …, without --rootless`): RbuildError {
  return new RbuildError("host.no-user-namespace", `containers without root: ${why}`, { category: "unavailable", hint });
}
