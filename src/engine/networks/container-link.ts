import { closeSync, openSync } from "node:fs";
import { addAddress, addDefaultRoute, createVeth, findLink, leaveWithoutIpv6, NetlinkSocket, RbuildError, setHairpin, setLinkUp } from "../../system/index.ts";
import { setSysctl } from "./bring-up.ts";
import { macFor, parseAddress, parseSubnet } from "./ipv4.ts";
import type { Member, RunningNetwork } from "./running-networks.ts";

/** Bring up `lo`; called inside a namespace that was just made. IPv6 is off on what comes later, since nothing routes it. */
export function prepareNamespace(): NetlinkSocket {
  setSysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
  const socket = NetlinkSocket.open();
  setLinkUp(socket, 1);
  return socket;
}

export interface LinkOptions {
  readonly namespacePath: string;
  /** A socket inside that namespace. */
  readonly inside: NetlinkSocket;
  /** The first network of a container is its way out. */
  readonly isDefaultRoute: boolean;
}

/** Joins a namespace to a network's bridge by a veth pair and gives its end the member's address. */
export function connect(network: RunningNetwork, member: Member, options: LinkOptions): void {
  const [address, gateway] = [parseAddress(member.address), parseAddress(network.gateway)];
  using outside = NetlinkSocket.open();
  const bridge = findLink(outside, network.bridge);
  if (!bridge || address === undefined || gateway === undefined) {
    throw new RbuildError("network.bridge-vanished", `the bridge ${network.bridge} was removed by something else than rbuild`, {
      hint: "start the container again",
      details: { bridge: network.bridge },
    });
  }
  const namespaceFd = openSync(options.namespacePath, "r");
  try {
    const mtu = network.mtu === undefined ? {} : { mtu: network.mtu };
    const peer = { name: member.containerLink, mac: macFor(address), namespaceFd };
    createVeth(outside, { name: member.hostLink, bridge: bridge.index, ...mtu, peer });
  } finally {
    closeSync(namespaceFd);
  }
  const host = findLink(outside, member.hostLink);
  if (host) {
    // No sysctl: its writer spins for as long as the kernel takes an ended container's namespace down.
    leaveWithoutIpv6(outside, host.index);
    setHairpin(outside, host.index);
  }
  const own = findLink(options.inside, member.containerLink);
  if (!own) throw new RbuildError("network.bridge-vanished", `the interface of container ${member.containerId} vanished while it was made`);
  addAddress(options.inside, own.index, address, parseSubnet(network.subnet).prefixLength);
  setLinkUp(options.inside, own.index);
  if (options.isDefaultRoute && !network.internal) addDefaultRoute(options.inside, gateway);
}
