import { RbuildError } from "../../../system/index.ts";
import type { ProxyRequests } from "../proxy/proxy-log.ts";
import type { PackageSupply } from "../supply/choose-supply.ts";

const MAX_NAMED = 10;

/**
 * The error of a build that failed because it asked for what its lock does not have; else its error as it is.
 * @returns RbuildError `lock.package-missing`, or for a recording `lock.not-declared-archive`
 */
export async function explainRequests(
  failure: RbuildError,
  supply: PackageSupply,
  readRequests: (() => Promise<ProxyRequests>) | undefined,
): Promise<RbuildError> {
  const asked = await readRequests?.().catch(() => undefined);
  if (!asked) return failure;
  const { paths, others } = { paths: asked.refused.filter(isNeeded), others: asked.elsewhere };
  const all = [...paths, ...others];
  if (all.length === 0) return failure;
  const named = all.slice(0, MAX_NAMED).map((path) => `\n  ${path}`);
  const more = all.length > MAX_NAMED ? `\n  and ${all.length - MAX_NAMED} more` : "";
  const options = { category: failure.category, cause: failure, details: { ...failure.details, paths: all.slice(0, 1000) } };
  if (supply.kind === "locked")
    return new RbuildError("lock.package-missing", `the build asked for what its lock does not have:${named.join("")}${more}`, {
      ...options,
      hint: "rbuild lock, then commit what it writes",
    });
  return new RbuildError("lock.not-declared-archive", `the build asked for what the declared suites do not have:${named.join("")}${more}`, {
    ...options,
    hint: "declare its suite with lock: in rbuild.yaml; let the build fetch through $http_proxy from $RBUILD_MIRROR alone",
  });
}

/** Packages and the beginnings of suites. Clients ask for other index files to see whether they are there. */
function isNeeded(path: string): boolean {
  const [, top = "", ...rest] = path.split("/");
  return top === "pool" || (top === "dists" && rest.at(-1) === "InRelease");
}
