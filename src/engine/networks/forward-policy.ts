import { z } from "zod";
import { parseJson } from "../../oci/index.ts";
import { run } from "../../system/index.ts";
import { applyRules } from "./firewall.ts";

/** iptables-nft keeps its rules in this table; Docker sets its FORWARD chain to drop. */
const TABLE = "ip filter";

const chainsSchema = z.object({
  nftables: z.array(
    z.looseObject({
      chain: z.looseObject({ family: z.string(), table: z.string(), name: z.string(), policy: z.string().exactOptional() }).exactOptional(),
      rule: z.looseObject({ chain: z.string(), handle: z.int(), comment: z.string().exactOptional() }).exactOptional(),
    }),
  ),
});

const commentFor = (bridge: string): string => `rbuild ${bridge}`;

/**
 * Where another firewall drops what it does not know (Docker's FORWARD policy), our accept in a table of ours is not enough:
 * a packet must pass every chain. Lets the bridge's packets through that chain, by DOCKER-USER where it is. True when there was something to open.
 */
export async function openForwarding(bridge: string): Promise<boolean> {
  const { stdout } = await run("nft", ["-j", "list", "chains", "ip"]);
  const chains = parseJson(chainsSchema, stdout, "nft's list of chains").nftables.flatMap(({ chain }) => (chain?.table === "filter" ? chain : []));
  const forward = chains.find(({ name }) => name === "FORWARD");
  if (!forward) return false;
  const dockerUser = chains.find(({ name }) => name === "DOCKER-USER");
  if (!dockerUser && forward.policy !== "drop") return false;
  const chain = `${TABLE} ${dockerUser ? "DOCKER-USER" : "FORWARD"}`;
  const comment = `counter accept comment "${commentFor(bridge)}"`;
  await applyRules(`insert rule ${chain} iifname "${bridge}" ${comment}\ninsert rule ${chain} oifname "${bridge}" ${comment}\n`);
  return true;
}

/** Takes the rules of `openForwarding` out again. */
export async function closeForwarding(bridge: string): Promise<void> {
  const { stdout, exitCode } = await run("nft", ["-j", "list", "table", "ip", "filter"], { okCodes: [0, 1] });
  if (exitCode !== 0) return;
  const rules = parseJson(chainsSchema, stdout, "nft's list of rules").nftables.flatMap(({ rule }) => (rule?.comment === commentFor(bridge) ? rule : []));
  if (rules.length > 0) await applyRules(rules.map(({ chain, handle }) => `delete rule ${TABLE} ${chain} handle ${handle}\n`).join(""));
}
