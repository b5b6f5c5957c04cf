import type { Digest } from "../../../oci/index.ts";
import type { Freshness } from "../format/freshness.ts";
import { CLOCK_TOLERANCE, MAX_VERSION_STEP } from "../limits.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { TrustedRoot } from "./root-chain.ts";
import type { Seen, TrustState } from "./trust-store.ts";

/** What was seen under a role's keys, as long as all of them still have the role. TUF specification, 5.3.11. */
export function stillBinding(seen: Seen | undefined, keys: readonly string[]): Seen | undefined {
  return seen?.keys.every((key) => keys.includes(key)) ? seen : undefined;
}

/** Whether a version may follow what was seen. TUF specification, 5.4.3 and 5.5.5. */
export function judgeVersion(
  what: string,
  found: { readonly version: number; readonly digest: Digest },
  seen: Seen | undefined,
  floor: number,
): Refusal | undefined {
  const details = { version: found.version, seen: seen?.version ?? null, floor };
  if (found.version < floor) return refusal("trust.rollback", `${what} is version ${found.version}; the root wants ${floor} at least`, { details });
  if (seen && found.version < seen.version)
    return refusal(
      "trust.rollback",
      `${what} is version ${found.version}, but version ${seen.version} has been seen: an older state is being passed off as the newest`,
      { details },
    );
  if (seen && found.version === seen.version && found.digest !== seen.sha256)
    return refusal(
      "trust.equivocation",
      `${what} is version ${found.version} with other bytes than those seen under that number: not everybody is told the same`,
      { details },
    );
  const base = Math.max(floor, seen?.version ?? 1);
  if (found.version > base + MAX_VERSION_STEP)
    return refusal(
      "trust.fast-forward",
      `${what} is version ${found.version}, ${found.version - base} ahead of all that is known: it would make every honest version look old`,
      { details },
    );
  return undefined;
}

/** A signed freshness against what is known. Its expiry is judged later: stale is not bad. */
export function judgeFreshness(freshness: Freshness, digest: Digest, { root }: TrustedRoot, state: TrustState, now: Date): Refusal | undefined {
  const seenFreshness = stillBinding(state.freshness, root.roles.freshness.keys);
  const seenIndex = stillBinding(state.index, root.roles.publisher.keys);
  if (freshness.repository !== root.repository)
    return refusal("trust.wrong-repository", `the freshness is of the repository ${freshness.repository}, not ${root.repository}`);
  if (Date.parse(freshness.asOf) > now.getTime() + CLOCK_TOLERANCE)
    return refusal("trust.clock-behind", `the freshness was signed as of ${freshness.asOf}, but this machine's clock says ${now.toISOString()}`, {
      hint: "set this machine's clock: date --utc",
    });
  const own = judgeVersion("the freshness", { version: freshness.version, digest }, seenFreshness, root.floors.freshness);
  if (own) return own;
  if (freshness.root.version > root.version)
    return refusal(
      "trust.withheld-root",
      `root ${freshness.root.version} is the newest, and only root ${root.version} is here: keys that were taken away may still count`,
      { details: { newest: freshness.root.version, version: root.version } },
    );
  const { version, sha256 } = freshness.index;
  return judgeVersion("the index that is said to be current", { version, digest: sha256 }, seenIndex, root.floors.index);
}
