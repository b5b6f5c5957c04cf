import { RbuildError } from "../../../system/index.ts";
import type { ResourceLimit } from "../host/host-facts.ts";
import type { SpecRlimit } from "./runtime-spec.ts";

export interface UlimitRequest {
  readonly name: string;
  /** -1 for no limit. */
  readonly soft: number;
  readonly hard: number;
}

/** Does not depend on the host's own soft limit, so that a build sees the same one everywhere; systemd's and newer Docker's default. */
const DEFAULT_NOFILE: UlimitRequest = { name: "nofile", soft: 1024, hard: 524_288 };

/**
 * Limits of the process, cut to the host's hard limits, which cannot be raised without CAP_SYS_RESOURCE.
 * @throws RbuildError `container.unknown-ulimit`, `container.bad-ulimit`
 */
export function resolveRlimits(
  requests: readonly UlimitRequest[],
  host: ReadonlyMap<string, ResourceLimit>,
): { readonly rlimits: readonly SpecRlimit[]; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const byName = new Map([DEFAULT_NOFILE, ...requests].map((request) => [request.name, request]));
  const rlimits = [...byName.values()].map(({ name, soft, hard }): SpecRlimit => {
    const limit = host.get(name);
    if (!limit) throw new RbuildError("container.unknown-ulimit", `there is no resource limit ${JSON.stringify(name)}`, { category: "invalid" });
    const [wantedSoft, wantedHard] = [soft, hard].map((value) => (value === -1 ? Number.POSITIVE_INFINITY : value)) as [number, number];
    if (!(wantedSoft >= 0 && wantedSoft <= wantedHard)) {
      throw new RbuildError("container.bad-ulimit", `the limits ${soft}:${hard} of ${name} are not 0 <= soft <= hard`, { category: "invalid" });
    }
    const givenHard = Math.min(wantedHard, limit.hard);
    if (givenHard < wantedHard && requests.some((request) => request.name === name)) {
      warnings.push(`the limit ${name} is cut to ${givenHard}, the host's own hard limit`);
    }
    return { type: `RLIMIT_${name.toUpperCase()}`, soft: Math.min(wantedSoft, givenHard), hard: givenHard };
  });
  return { rlimits, warnings };
}
