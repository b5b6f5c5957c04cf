import { readFileSync, writeFileSync } from "node:fs";
import {
  addAddress,
  createBridge,
  defaultRouteLink,
  deleteLink,
  findLink,
  type Ipv4Block,
  isSystemError,
  listLinks,
  lock,
  NetlinkSocket,
  RbuildError,
  setLinkAlias,
} from "../../system/index.ts";
import { chooseSubnet, hostBlocks } from "./choose-subnet.ts";
import type { NetworkDefinition } from "./definition-store.ts";
import { BRIDGE_PREFIX, makeRules } from "./firewall.ts";
import { openForwarding } from "./forward-policy.ts";
import { addressText, blockText, macFor, overlaps, parseAddress, parseSubnet } from "./ipv4.ts";
import type { RunningNetwork } from "./running-networks.ts";

/** Engines of different roots must not choose one subnet at the same time; whoever brings a network up holds this. */
export const SUBNET_LOCK = "/run/lock/rbuild-subnets.lock";
const IP_FORWARD = "/proc/sys/net/ipv4/ip_forward";

/** The bridge is there, the rules are being made: `ready` is the network with all of it. */
export interface BroughtUp {
  readonly bridge: string;
  readonly ready: Promise<RunningNetwork>;
}

/** At most 15 characters. The default root's own bridge has a name people can remember. */
export function bridgeName(definition: NetworkDefinition, isDefaultRoot: boolean): string {
  return isDefaultRoot && definition.name === "bridge" ? `${BRIDGE_PREFIX}0` : `${BRIDGE_PREFIX}-${definition.id.slice(0, 8)}`;
}

/**
 * Makes the bridge with its gateway address, and the rules for NAT and isolation. What a killed process left of it is
 * replaced.
 * @param options.others the subnets of this root's other networks, up or not
 * @param options.alias what the bridge says of its owner
 */
export async function bringUp(
  definition: NetworkDefinition,
  bridge: string,
  options: { readonly others: readonly Ipv4Block[]; readonly alias: string | undefined },
): Promise<BroughtUp> {
  await using _held = await lock(SUBNET_LOCK);
  using socket = NetlinkSocket.open();
  deleteLink(socket, bridge);
  const block = ownSubnet(definition) ?? (await chooseSubnet(options.others));
  const gateway = (definition.gateway === undefined ? undefined : parseAddress(definition.gateway)) ?? block.base + 1;
  const mtu = uplinkMtu(socket);
  createBridge(socket, bridge, { mac: macFor(gateway), ...(mtu === undefined ? {} : { mtu }) });
  try {
    const link = findLink(socket, bridge);
    if (!link) throw new RbuildError("network.bridge-vanished", `the bridge ${bridge} vanished while it was made`, { hint: "try again" });
    if (options.alias !== undefined) setLinkAlias(socket, link.index, options.alias);
    setSysctl(`/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`, "1");
    addAddress(socket, link.index, gateway, block.prefixLength);
    if (!definition.internal) enableForwarding();
  } catch (error) {
    deleteLink(socket, bridge);
    throw error;
  }
  const subnet = blockText(block);
  const ready = (async () => {
    const listing = await makeRules({ bridge, subnet, internal: definition.internal });
    const forwardingOpened = !definition.internal && (await openForwarding(bridge, listing));
    return {
      networkId: definition.id,
      bridge,
      subnet,
      gateway: addressText(gateway),
      internal: definition.internal,
      forwardingOpened,
      ...(mtu === undefined ? {} : { mtu }),
      lastOffset: 0,
      members: [],
    };
  })();
  ready.catch(() => {}); // Seen by whoever awaits it.
  return { bridge, ready };
}

/** Undefined where the engine has the choice: of the default bridge, and where an engine with another root was quicker to use what it chose. */
function ownSubnet(definition: NetworkDefinition): Ipv4Block | undefined {
  const text = definition.subnet;
  if (text === undefined) return undefined;
  const block = parseSubnet(text);
  const clash = hostBlocks().find((used) => overlaps(used, block));
  if (clash && definition.isSubnetChosen) return undefined;
  if (clash) {
    throw new RbuildError(
      "network.subnet-in-use",
      `the subnet ${text} of network ${definition.name} touches ${blockText(clash)}, which this host has a route to`,
      {
        category: "conflict",
        hint: "remove the network and create it with another subnet",
        details: { network: definition.name, subnet: text },
      },
    );
  }
  return block;
}

/** Packets that are larger than the way out can carry are lost where ICMP is filtered, so the bridge takes its MTU. */
function uplinkMtu(socket: NetlinkSocket): number | undefined {
  const index = defaultRouteLink(socket);
  return index === undefined ? undefined : listLinks(socket).find((link) => link.index === index)?.mtu;
}

/** Stays on: other networks of the host may rely on it by now. Our own bridges are guarded by their own rules. */
function enableForwarding(): void {
  try {
    if (readFileSync(IP_FORWARD, "utf8").trim() !== "1") writeFileSync(IP_FORWARD, "1");
  } catch (error) {
    throw new RbuildError("network.forwarding-refused", "the host does not let rbuild turn on IPv4 forwarding, so containers would reach nothing", {
      category: "unavailable",
      hint: "sysctl -w net.ipv4.ip_forward=1",
      cause: error,
    });
  }
}

/** Writes a file below /proc/sys in this thread's network namespace; one the kernel does not have is left. */
export function setSysctl(path: string, value: string): void {
  try {
    writeFileSync(path, value);
  } catch (error) {
    if (!isSystemError(error, "ENOENT", "EROFS")) throw error;
  }
}
