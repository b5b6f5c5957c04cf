import { z } from "zod";
import { parseJson } from "../../oci/index.ts";
import { run } from "../../system/index.ts";
import { applyRules } from "./firewall.ts";

/** iptables-nft keeps its rules in this table; Docker sets its FORWARD chain to drop. */
const TABLE = "ip filter";

const rulesSchema = z.object({
  nftables: z.array(z.looseObject({ rule: z.looseObject({ chain: z.string(), handle: z.int(), comment: z.string().exactOptional() }).exactOptional() })),
});

const commentFor = (bridge: string): string => `rbuild ${bridge}`;

/** The chain in which packets must be let through, of `list chains ip`: undefined when nobody drops them. */
export function guardedChain(listing: string): string | undefined {
  const filter = /^table ip filter \{\n(.*?)^\}/ms.exec(listing)?.[1] ?? "";
  const policy = /^\s*chain FORWARD \{\n[^}]*policy (\w+);/m.exec(filter)?.[1];
  if (policy === undefined) return undefined;
  if (/^\s*chain DOCKER-USER \{/m.test(filter)) return "DOCKER-USER";
  return policy === "drop" ? "FORWARD" : undefined;
}

/**
 * Where another firewall drops what it does not know (Docker's FORWARD policy), our accept in a table of ours is not enough:
 * a packet must pass every chain. Lets the bridge's packets through that chain, by DOCKER-USER where it is.
 * @param listing what `makeRules` returned
 * @returns whether there was something to open
 */
export async function openForwarding(bridge: string, listing: string): Promise<boolean> {
  const guarded = guardedChain(listing);
  if (guarded === undefined) return false;
  const chain = `${TABLE} ${guarded}`;
  const comment = `counter accept comment "${commentFor(bridge)}"`;
  await applyRules(`insert rule ${chain} iifname "${bridge}" ${comment}\ninsert rule ${chain} oifname "${bridge}" ${comment}\n`);
  return true;
}

/** Takes the rules of `openForwarding` out again. */
export async function closeForwarding(bridge: string): Promise<void> {
  const { stdout, exitCode } = await run("nft", ["-j", "list", "table", "ip", "filter"], { okCodes: [0, 1] });
  if (exitCode !== 0) return;
  const rules = parseJson(rulesSchema, stdout, "nft's list of rules").nftables.flatMap(({ rule }) => (rule?.comment === commentFor(bridge) ? rule : []));
  if (rules.length > 0) await applyRules(rules.map(({ chain, handle }) => `delete rule ${TABLE} ${chain} handle ${handle}\n`).join(""));
}
