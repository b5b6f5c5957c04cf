import { deleteLink, listLinks, NetlinkSocket, namesIn, removeNetworkNamespace, run } from "../../system/index.ts";
import { removeOrphans } from "./bridge-owner.ts";
import { portsScript } from "./firewall.ts";
import { updateNeighbours, updateOwnName } from "./hosts-file.ts";
import { linkExists, type NetworkContext } from "./network-context.ts";
import type { RunningNetwork } from "./running-networks.ts";
import { takeDown } from "./take-down.ts";

/** Takes a container out of all its networks. Its interfaces go with its namespace, which the kernel clears up on its own. */
export async function detachLocked(context: NetworkContext, containerId: string): Promise<void> {
  for (const network of await context.running.list()) {
    const member = network.members.find((one) => one.containerId === containerId);
    if (!member) continue;
    if (member.ports.length > 0) {
      // Fails when they were never added; a transaction of one element each would be slower for the usual case.
      await run("nft", ["-f", "-"], { input: portsScript(network.bridge, "delete", member.address, member.ports), okCodes: [0, 1] });
    }
    const left: RunningNetwork = { ...network, members: network.members.filter((one) => one !== member) };
    await updateNeighbours(left, member, undefined);
    await context.running.put(left);
  }
  removeNetworkNamespace(context.namespacePath(containerId));
}

export async function renameMember(context: NetworkContext, containerId: string, name: string): Promise<void> {
  await using _held = await context.lock();
  for (const network of await context.running.list()) {
    const before = network.members.find((one) => one.containerId === containerId);
    if (!before) continue;
    const now = { ...before, name };
    await context.running.put({ ...network, members: network.members.map((one) => (one === before ? now : one)) });
    await updateOwnName(before, now);
    await updateNeighbours(network, before, now);
  }
}

/** Removes what belongs to no container, the networks nobody needs any more, and those of engines that are gone altogether. */
export async function sweep(context: NetworkContext, isOwned: (containerId: string) => Promise<boolean>): Promise<void> {
  const seen = new Set([
    ...(await namesIn(context.namespaceDirectory)),
    ...(await context.running.list()).flatMap(({ members }) => members.map((one) => one.containerId)),
  ]);
  const dead: string[] = [];
  for (const containerId of seen) if (!(await isOwned(containerId))) dead.push(containerId);
  if (dead.length > 0) {
    await using _held = await context.lock();
    for (const containerId of dead) await detachLocked(context, containerId);
  }
  const definitions = (await context.definitions.list()).filter(({ driver }) => driver === "bridge");
  const known = new Set((await context.running.list()).map(({ networkId }) => networkId));
  const halfMade = definitions.filter((definition) => !known.has(definition.id) && linkExists(context.bridgeOf(definition)));
  if (halfMade.length > 0 || (await context.abandoned()).length > 0) {
    await using _held = await context.lock();
    for (const network of await context.abandoned()) await forget(context, network);
    for (const definition of halfMade) {
      if (!(await context.running.get(definition.id))) await takeDown(context.bridgeOf(definition), { forwardingOpened: true });
    }
  }
  if (dead.length > 0) await removeStrayLinks(context);
  await removeOrphans();
}

export async function forget(context: NetworkContext, network: RunningNetwork): Promise<void> {
  await takeDown(network.bridge, network);
  await context.running.remove(network.networkId);
}

/** Bridge ports without a member: of namespaces that a process which is no container's keeps alive. */
async function removeStrayLinks(context: NetworkContext): Promise<void> {
  await using _held = await context.lock();
  using socket = NetlinkSocket.open();
  const links = listLinks(socket);
  for (const network of await context.running.list()) {
    const bridge = links.find(({ name }) => name === network.bridge);
    if (!bridge) continue;
    const members = new Set(network.members.map(({ hostLink }) => hostLink));
    for (const link of links) if (link.master === bridge.index && !members.has(link.name)) deleteLink(socket, link.name);
  }
}
