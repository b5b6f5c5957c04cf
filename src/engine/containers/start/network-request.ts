import { isRbuildError, RbuildError } from "../../../system/index.ts";
import type { ContainerLink, NetworkRequest } from "../../networks/network-stack.ts";
import type { NetworkAttachment } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import type { LinkedContainer } from "../links.ts";
import type { StoredContainer } from "../state/container-store.ts";

const DEFAULT_NETWORK: NetworkAttachment = { network: "bridge" };
const CONTAINER_MODE = "container:";

export interface NetworkPlan {
  readonly request: NetworkRequest;
  readonly links: readonly LinkedContainer[];
  /** The container whose namespace, name and hosts file are shared. */
  readonly sharedWith?: StoredContainer;
}

/** What to ask of the network stack, with the names of other containers resolved. @throws RbuildError `container.link-not-running`, `container.not-found` */
export async function planNetwork(context: ContainerContext, { record, status }: StoredContainer): Promise<NetworkPlan> {
  const { spec } = record;
  const attachments = spec.networks?.length ? spec.networks : [DEFAULT_NETWORK];
  const mode = attachments[0]?.network ?? "";
  const shared = mode.startsWith(CONTAINER_MODE) ? await runningContainer(context, mode.slice(CONTAINER_MODE.length)) : undefined;
  const links = await Promise.all(attachments.flatMap((attachment) => attachment.links ?? []).map((link) => resolveLink(context, link)));
  return {
    ...(shared ? { sharedWith: shared } : {}),
    links: links.map(({ linked }) => linked),
    request: {
      container: { id: record.id, name: status.name, hostname: record.hostname, ...(spec.domainname ? { domainname: spec.domainname } : {}) },
      attachments: shared ? [{ network: `${CONTAINER_MODE}${shared.record.id}` }] : attachments,
      links: links.map(({ link }) => link),
      ports: spec.ports ?? [],
      extraHosts: spec.extraHosts ?? [],
      ...(shared ? {} : { hostsFile: context.store.paths(record.id).hosts }),
    },
  };
}

async function resolveLink(
  context: ContainerContext,
  asked: { readonly container: string; readonly alias: string },
): Promise<{ link: ContainerLink; linked: LinkedContainer }> {
  const { record, status } = await runningContainer(context, asked.container);
  const alias = asked.alias || status.name;
  const endpoint = status.endpoints.find(({ address }) => address !== undefined);
  return {
    link: { containerId: record.id, name: status.name, alias },
    linked: { alias, name: status.name, endpoint: endpoint ?? {}, exposedPorts: record.exposedPorts, env: record.process.env },
  };
}

async function runningContainer(context: ContainerContext, lookup: string): Promise<StoredContainer> {
  try {
    const found = await context.store.get(await context.store.resolve(lookup));
    if (found.status.phase.kind === "running") return found;
  } catch (error) {
    if (!isRbuildError(error, "container.not-found")) throw error;
  }
  throw new RbuildError("container.link-not-running", `the container ${lookup}, whose network is asked for, is not running`, {
    category: "conflict",
    hint: `start ${lookup} first`,
    details: { container: lookup },
  });
}
