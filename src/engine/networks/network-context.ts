import { join } from "node:path";
import { type Clock, findLink, type HeldLock, lock, NetlinkSocket, RbuildError, tryLock } from "../../system/index.ts";
import type { EventHub } from "../events.ts";
import { ownerAlias } from "./bridge-owner.ts";
import { bridgeName, bringUp } from "./bring-up.ts";
import { DefinitionStore, type NetworkDefinition } from "./definition-store.ts";
import { parseSubnet } from "./ipv4.ts";
import { type RunningNetwork, RunningNetworks } from "./running-networks.ts";

export const DEFAULT_ROOT = "/var/lib/rbuild/engine";

export interface NetworkOptions {
  readonly root: string;
  readonly runRoot: string;
  readonly events?: Pick<EventHub, "publish">;
  readonly clock?: Clock;
}

/**
 * What everything here shares: where state is, the lock around it, and which networks this process has used. Using a network
 * holds a shared lock until the process ends; who can take it alone may take the network down.
 */
export class NetworkContext {
  readonly definitions: DefinitionStore;
  readonly running: RunningNetworks;
  readonly lockPath: string;
  readonly #options: NetworkOptions;
  readonly #uses = new Map<string, HeldLock>();

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.definitions = new DefinitionStore(options.root);
    this.running = new RunningNetworks(options.runRoot);
    this.lockPath = join(options.root, "locks", "networks.lock");
  }

  lock(signal?: AbortSignal): Promise<HeldLock> {
    return lock(this.lockPath, signal ? { signal } : {});
  }

  namespacePath(containerId: string): string {
    return join(this.#options.runRoot, "netns", containerId);
  }

  get namespaceDirectory(): string {
    return join(this.#options.runRoot, "netns");
  }

  bridgeOf(definition: NetworkDefinition): string {
    return bridgeName(definition, this.#options.root === DEFAULT_ROOT);
  }

  publish(action: string, definition: Pick<NetworkDefinition, "id" | "name" | "driver">, attributes: Readonly<Record<string, string>> = {}): void {
    this.#options.events?.publish({
      kind: "network",
      action,
      id: definition.id,
      attributes: { name: definition.name, type: definition.driver, ...attributes },
    });
  }

  /** @throws RbuildError `network.not-found` */
  async get(lookup: string): Promise<NetworkDefinition> {
    const found = await this.definitions.find(lookup);
    if (found) return found;
    throw new RbuildError("network.not-found", `there is no network ${JSON.stringify(lookup)}`, { category: "not-found", details: { network: lookup } });
  }

  /** The network as it runs, brought up when it does not. Under the lock. `made` is the bridge when this call made it. */
  async ensureUp(definition: NetworkDefinition): Promise<{ readonly made?: string; readonly ready: Promise<RunningNetwork> }> {
    if (!this.#uses.has(definition.id)) this.#uses.set(definition.id, await lock(this.#usePath(definition.id), { kind: "shared" }));
    const running = await this.running.get(definition.id);
    if (running && linkExists(running.bridge)) return { ready: Promise.resolve(running) };
    const taken = [...(await this.definitions.list()), ...(await this.running.list())].filter((other) => !("id" in other) || other.id !== definition.id);
    const others = taken.flatMap(({ subnet }) => (subnet === undefined ? [] : parseSubnet(subnet)));
    const { bridge, ready } = await bringUp(definition, this.bridgeOf(definition), { others, alias: ownerAlias(this.#options.root) });
    return { made: bridge, ready };
  }

  /** The networks nobody is in and no living process has used, this one's own use given up. */
  async abandoned(): Promise<readonly RunningNetwork[]> {
    const abandoned: RunningNetwork[] = [];
    for (const network of await this.running.list()) {
      if (network.members.length > 0 || this.#uses.has(network.networkId)) continue;
      const alone = await tryLock(this.#usePath(network.networkId));
      if (!alone) continue;
      await alone[Symbol.asyncDispose]();
      abandoned.push(network);
    }
    return abandoned;
  }

  async giveUpUses(): Promise<void> {
    await Promise.all([...this.#uses.values()].map((held) => held[Symbol.asyncDispose]()));
    this.#uses.clear();
  }

  #usePath(networkId: string): string {
    return join(this.#options.runRoot, "networks", `${networkId}.use`);
  }
}

export function linkExists(name: string): boolean {
  using socket = NetlinkSocket.open();
  return findLink(socket, name) !== undefined;
}
