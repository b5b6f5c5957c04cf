import { randomBytes } from "node:crypto";
import { type Clock, RbuildError } from "../../system/index.ts";
import { chooseSubnet, hostBlocks } from "./choose-subnet.ts";
import type { NetworkDefinition } from "./definition-store.ts";
import { forget } from "./detach.ts";
import { blockText, contains, macFor, macText, overlaps, parseAddress, parseSubnet } from "./ipv4.ts";
import type { NetworkInfo, NetworkSpec, Networks } from "./network.ts";
import type { NetworkContext } from "./network-context.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** The networks as users see them. A network costs nothing until a container joins it. */
export class NetworkCatalog implements Networks {
  readonly #context: NetworkContext;
  readonly #clock: Clock;

  constructor(context: NetworkContext, clock: Clock) {
    this.#context = context;
    this.#clock = clock;
  }

  /** @throws RbuildError `network.invalid-name`, `network.name-in-use`, `network.invalid-subnet`, `network.subnet-in-use`, `network.no-free-subnet` */
  async create(spec: NetworkSpec): Promise<NetworkInfo> {
    if (!NAME.test(spec.name)) {
      throw new RbuildError("network.invalid-name", `${JSON.stringify(spec.name)} is not a network name: letters, digits, _ . and - after a letter or digit`, {
        category: "invalid",
        details: { name: spec.name },
      });
    }
    await using _held = await this.#context.lock();
    const all = await this.#context.definitions.list();
    if (all.some(({ name }) => name === spec.name)) {
      throw new RbuildError("network.name-in-use", `there is a network ${spec.name} already`, { category: "conflict", details: { name: spec.name } });
    }
    const taken = [...all, ...(await this.#context.running.list())].flatMap(({ subnet }) => (subnet === undefined ? [] : parseSubnet(subnet)));
    const block = spec.subnet === undefined ? await chooseSubnet(taken) : parseSubnet(spec.subnet);
    const clash = [...taken, ...hostBlocks()].find((used) => overlaps(used, block));
    if (clash) {
      throw new RbuildError("network.subnet-in-use", `the subnet ${blockText(block)} touches ${blockText(clash)}, which a network or this host has`, {
        category: "conflict",
        hint: "choose another, or leave the choice to rbuild",
        details: { subnet: blockText(block), clash: blockText(clash) },
      });
    }
    const gateway = spec.gateway === undefined ? undefined : parseAddress(spec.gateway);
    if (spec.gateway !== undefined && (gateway === undefined || gateway === block.base || !contains(block, gateway))) {
      throw new RbuildError("network.invalid-subnet", `the gateway ${spec.gateway} is not an address in ${blockText(block)}`, { category: "invalid" });
    }
    const definition: NetworkDefinition = {
      id: randomBytes(32).toString("hex"),
      name: spec.name,
      driver: "bridge",
      createdAt: this.#clock.now().toISOString(),
      internal: spec.internal ?? false,
      subnet: blockText(block),
      ...(spec.gateway === undefined ? { isSubnetChosen: spec.subnet === undefined } : { gateway: spec.gateway }),
      labels: spec.labels ?? {},
      options: spec.options ?? {},
    };
    await this.#context.definitions.put(definition);
    this.#context.publish("create", definition);
    return await this.#info(definition);
  }

  async get(lookup: string): Promise<NetworkInfo> {
    return await this.#info(await this.#context.get(lookup));
  }

  async list(): Promise<readonly NetworkInfo[]> {
    return await Promise.all((await this.#context.definitions.list()).map((definition) => this.#info(definition)));
  }

  async remove(lookup: string): Promise<void> {
    await using _held = await this.#context.lock();
    const definition = await this.#context.get(lookup);
    if (this.#context.definitions.isPredefined(definition)) {
      throw new RbuildError("network.predefined", `${definition.name} is a network that exists always and cannot be removed`, { category: "refused" });
    }
    const running = await this.#context.running.get(definition.id);
    if (running && running.members.length > 0) {
      throw new RbuildError("network.in-use", `${running.members.length} running containers are in the network ${definition.name}`, {
        category: "conflict",
        hint: `stop ${running.members.map(({ name }) => name).join(", ")}`,
        details: { network: definition.name, containers: running.members.map(({ containerId }) => containerId) },
      });
    }
    if (running) await forget(this.#context, running);
    await this.#context.definitions.remove(definition.id);
    this.#context.publish("destroy", definition);
  }

  async #info(definition: NetworkDefinition): Promise<NetworkInfo> {
    const running = definition.driver === "bridge" ? await this.#context.running.get(definition.id) : undefined;
    const subnet = running?.subnet ?? definition.subnet;
    const gateway = running?.gateway ?? definition.gateway;
    const prefixLength = subnet === undefined ? 0 : parseSubnet(subnet).prefixLength;
    return {
      ...definition,
      ...(subnet === undefined ? {} : { subnet }),
      ...(gateway === undefined ? {} : { gateway }),
      containers: (running?.members ?? []).map(({ containerId, name, address }) => ({
        id: containerId,
        name,
        address: `${address}/${prefixLength}`,
        macAddress: macText(macFor(parseAddress(address) ?? 0)),
      })),
    };
  }
}
