import { run } from "../../system/index.ts";
import type { PublishedPort } from "./published-ports.ts";
import type { RunningNetwork } from "./running-networks.ts";

/** Interfaces of every rbuild network on the host, whichever engine made it. */
export const BRIDGE_PREFIX = "rbuild";

const tableName = (bridge: string): string => `rbuild_${bridge.replaceAll("-", "_")}`;

/**
 * The network's nftables rules, as one transaction that fails when a table of that name is there.
 * Members reach each other and, unless internal, everything but other rbuild networks; from outside only answers and published
 * ports come in.
 */
function firewallScript(network: Pick<RunningNetwork, "bridge" | "subnet" | "internal">): string {
  const { bridge, subnet } = network;
  const table = tableName(bridge);
  const forward = network.internal
    ? [`iifname "${bridge}" drop`, `oifname "${bridge}" drop`]
    : [
        `ct state established,related accept`,
        `iifname "${bridge}" oifname "${BRIDGE_PREFIX}*" drop`,
        `iifname "${BRIDGE_PREFIX}*" oifname "${bridge}" drop`,
        `iifname "${bridge}" accept`,
        `ct status dnat accept`,
        `oifname "${bridge}" drop`,
      ];
  const toPublished = [
    "fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @published_at",
    "fib daddr type local dnat ip to meta l4proto . th dport map @published",
  ];
  const chain = (name: string, hook: string, rules: readonly string[]) => `  chain ${name} { type ${hook}; policy accept; ${rules.join("; ")}; }`;
  const nat = network.internal
    ? []
    : [
        "  map published { type inet_proto . inet_service : ipv4_addr . inet_service; }",
        "  map published_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }",
        chain("prerouting", "nat hook prerouting priority dstnat", toPublished),
        chain("output", "nat hook output priority -100", toPublished),
        chain("postrouting", "nat hook postrouting priority srcnat", [
          `ip saddr ${subnet} oifname != "${bridge}" masquerade`,
          // A member that reaches a published port of this network, and the host's own 127.0.0.1, must be answered by way of the host.
          `ip saddr { ${subnet}, 127.0.0.0/8 } oifname "${bridge}" ct status dnat masquerade`,
        ]),
      ];
  const members = `iifname "${bridge}" oifname "${bridge}" accept`;
  return [
    `create table ip ${table}`,
    `table ip ${table} {`,
    chain("forward", "filter hook forward priority filter", [members, ...forward]),
    ...nat,
    "}",
    "",
  ].join("\n");
}

/** Takes the network's table away. The first line lets the second succeed when there is none. */
export const dropScript = (bridge: string): string => `table ip ${tableName(bridge)}\ndelete table ip ${tableName(bridge)}\n`;

/**
 * Makes the network's rules, in place of any that a killed process left. Removing rules costs 10 ms, so it is tried without.
 * Returns nft's listing of all IPv4 chains, asked in the same breath because starting nft is most of the cost.
 */
export async function makeRules(network: Pick<RunningNetwork, "bridge" | "subnet" | "internal">): Promise<string> {
  const script = `${firewallScript(network)}list chains ip\n`;
  const { exitCode, stdout } = await run("nft", ["-f", "-"], { input: script, okCodes: [0, 1] });
  return exitCode === 0 ? stdout : (await run("nft", ["-f", "-"], { input: `${dropScript(network.bridge)}${script}` })).stdout;
}

export async function applyRules(script: string): Promise<void> {
  await run("nft", ["-f", "-"], { input: script });
}

/** Adds or removes the elements that lead published ports of one container to it. */
export function portsScript(bridge: string, verb: "add" | "delete", address: string, ports: readonly PublishedPort[]): string {
  return ports
    .map(({ containerPort, protocol, hostIp, hostPort }) => {
      const to = verb === "add" ? ` : ${address} . ${containerPort}` : "";
      const everywhere = hostIp === undefined || hostIp === "0.0.0.0";
      const element = everywhere ? `published { ${protocol} . ${hostPort}${to} }` : `published_at { ${hostIp} . ${protocol} . ${hostPort}${to} }`;
      return `${verb} element ip ${tableName(bridge)} ${element}\n`;
    })
    .join("");
}
