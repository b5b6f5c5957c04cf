import { randomBytes } from "node:crypto";
import { pathExists, RbuildError, run } from "../../system/index.ts";
import type { Endpoint } from "../containers/container.ts";
import { allocateAddress } from "./allocate-address.ts";
import { setSysctl } from "./bring-up.ts";
import { connect } from "./container-link.ts";
import { makeLoneNamespace, makeNamespace, requireBridges } from "./container-namespace.ts";
import type { NetworkDefinition } from "./definition-store.ts";
import { detachLocked } from "./detach.ts";
import { portsScript } from "./firewall.ts";
import { checkExtraHosts, hostHostsFile, newHostsFile, updateNeighbours, writeHosts } from "./hosts-file.ts";
import { macFor, macText, parseAddress, parseSubnet } from "./ipv4.ts";
import type { NetworkContext } from "./network-context.ts";
import type { NetworkRequest, NetworkSetup } from "./network-stack.ts";
import { choosePorts, type PublishedPort } from "./published-ports.ts";
import type { Member, RunningNetwork } from "./running-networks.ts";
import { takeDown } from "./take-down.ts";

const CONTAINER_MODE = "container:";

/** A container's own place in one network. */
interface Place {
  readonly network: RunningNetwork;
  readonly member: Member;
}

export async function attach(context: NetworkContext, request: NetworkRequest, options: { readonly signal?: AbortSignal } = {}): Promise<NetworkSetup> {
  const [first] = request.attachments;
  if (!first) throw new RbuildError("network.mode-conflict", "a container needs at least one network; none is one", { category: "invalid" });
  checkExtraHosts(request.extraHosts);
  if (first.network.startsWith(CONTAINER_MODE)) return await joinContainer(context, request, first.network.slice(CONTAINER_MODE.length));
  const definitions = await resolve(context, request);
  const special = definitions.find(({ driver }) => driver !== "bridge");
  if (!special) return await joinNetworks(context, request, definitions, options);
  const warnings = request.ports.length > 0 ? [`published ports are discarded with network ${special.name}`] : [];
  const endpoints = [{ networkId: special.id, networkName: special.name, aliases: [] }];
  if (special.driver === "host") {
    if (request.hostsFile !== undefined) await writeHosts(request.hostsFile, await hostHostsFile(request.extraHosts));
    return { namespace: { kind: "host" }, endpoints, ports: [], warnings };
  }
  await using _held = await context.lock(options.signal);
  const path = context.namespacePath(request.container.id);
  await makeLoneNamespace(path);
  if (request.hostsFile !== undefined) await writeHosts(request.hostsFile, newHostsFile([], request.extraHosts));
  return { namespace: { kind: "namespace", path }, endpoints, ports: [], warnings };
}

async function joinContainer(context: NetworkContext, request: NetworkRequest, other: string): Promise<NetworkSetup> {
  if (request.attachments.length > 1) throw modeConflict("container: stands alone; another network cannot follow it");
  const path = context.namespacePath(other);
  if (!(await pathExists(path))) {
    throw modeConflict(`the container ${other} whose network is to be shared does not run, or has the host's network`);
  }
  return { namespace: { kind: "namespace", path }, endpoints: [], ports: [], warnings: [] };
}

async function resolve(context: NetworkContext, request: NetworkRequest): Promise<readonly NetworkDefinition[]> {
  const definitions = await Promise.all(request.attachments.map(({ network }) => context.get(network)));
  if (new Set(definitions.map(({ id }) => id)).size < definitions.length) throw modeConflict("a container can be in a network only once");
  if (definitions.length > 1 && definitions.some(({ driver }) => driver !== "bridge")) {
    throw modeConflict("host and none stand alone; they cannot be joined with other networks");
  }
  return definitions;
}

function modeConflict(message: string): RbuildError {
  return new RbuildError("network.mode-conflict", message, { category: "conflict" });
}

async function joinNetworks(
  context: NetworkContext,
  request: NetworkRequest,
  definitions: readonly NetworkDefinition[],
  options: { readonly signal?: AbortSignal },
): Promise<NetworkSetup> {
  requireBridges(definitions.map(({ name }) => name));
  await using _held = await context.lock(options.signal);
  const made: string[] = [];
  try {
    const ports = await choosePortsFor(context, request);
    const coming: Promise<RunningNetwork>[] = [];
    for (const definition of definitions) {
      const up = await context.ensureUp(definition);
      if (up.made !== undefined) made.push(up.made);
      coming.push(up.ready);
    }
    const namespacePath = context.namespacePath(request.container.id);
    using inside = makeNamespace(namespacePath);
    const places = (await Promise.all(coming)).map((network, index) => placeIn(network, request, index, index === 0 ? ports : []));
    for (const { network } of places) await context.running.put(network);
    for (const [index, { network, member }] of places.entries()) {
      connect(network, member, { namespacePath, inside, isDefaultRoute: index === 0 });
    }
    await publishPorts(places);
    if (request.hostsFile !== undefined) await writeHosts(request.hostsFile, newHostsFile(places, request.extraHosts));
    for (const { network, member } of places) await updateNeighbours(network, undefined, member);
    const endpoints = places.map(({ network, member }, index) => endpointOf(network, member, definitions[index]?.name ?? ""));
    for (const definition of definitions) context.publish("connect", definition, { container: request.container.id });
    return { namespace: { kind: "namespace", path: namespacePath }, endpoints, ports, warnings: [] };
  } catch (error) {
    await detachLocked(context, request.container.id);
    for (const bridge of made) await undo(context, bridge);
    throw error;
  }
}

/** Takes down what this attach brought up, unless the failure was after others could see it and they did. */
async function undo(context: NetworkContext, bridge: string): Promise<void> {
  const network = (await context.running.list()).find((running) => running.bridge === bridge);
  if (network && network.members.length > 0) return;
  await takeDown(bridge, { forwardingOpened: network?.forwardingOpened ?? true });
  if (network) await context.running.remove(network.networkId);
}

async function choosePortsFor(context: NetworkContext, request: NetworkRequest): Promise<readonly PublishedPort[]> {
  if (request.ports.length === 0) return [];
  const taken = (await context.running.list()).flatMap(({ members }) => members.flatMap(({ ports }) => ports));
  return await choosePorts(request.ports, taken);
}

/** The network with the container as one more member. */
function placeIn(network: RunningNetwork, request: NetworkRequest, index: number, ports: readonly PublishedPort[]): Place {
  const { container, attachments, links, hostsFile } = request;
  const { address, offset } = allocateAddress(network);
  const member: Member = {
    containerId: container.id,
    name: container.name,
    hostname: container.hostname,
    address,
    ...(container.domainname === undefined ? {} : { domainname: container.domainname }),
    aliases: [...(attachments[index]?.aliases ?? [])],
    hostLink: `rbv${randomBytes(6).toString("hex")}`,
    containerLink: `eth${index}`,
    links: links.map(({ containerId, alias }) => ({ containerId, alias })),
    ...(hostsFile === undefined ? {} : { hostsFile }),
    ports: ports.map((port) => ({ ...port })),
  };
  return {
    network: { ...network, lastOffset: offset, members: [...network.members.filter(({ containerId }) => containerId !== container.id), member] },
    member,
  };
}

async function publishPorts([place]: readonly Place[]): Promise<void> {
  if (!place || place.member.ports.length === 0) return;
  const { network, member } = place;
  // Lets 127.0.0.1 of the host be led into the bridge.
  setSysctl(`/proc/sys/net/ipv4/conf/${network.bridge}/route_localnet`, "1");
  await run("nft", ["-f", "-"], { input: portsScript(network.bridge, "add", member.address, member.ports) });
}

function endpointOf(network: RunningNetwork, member: Member, networkName: string): Endpoint {
  return {
    networkId: network.networkId,
    networkName,
    address: member.address,
    prefixLength: parseSubnet(network.subnet).prefixLength,
    gateway: network.gateway,
    macAddress: macText(macFor(parseAddress(member.address) ?? 0)),
    aliases: member.aliases,
  };
}
