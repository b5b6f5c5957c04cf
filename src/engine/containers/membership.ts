import { RbuildError } from "../../system/index.ts";
import type { NetworkInfo } from "../networks/network.ts";
import type { ContainerId, NetworkAttachment } from "./container.ts";
import type { ContainerContext } from "./container-context.ts";
import type { StoredContainer } from "./state/container-store.ts";

type Network = Pick<NetworkInfo, "id" | "name">;

/** Modes that stand alone. */
const isAlone = (network: string): boolean => network === "host" || network === "none" || network.startsWith("container:");

/**
 * From its next start on a container is in one more network, or in one it is in already as the attachment says.
 * @throws RbuildError `container.networks-fixed` while it runs, `network.mode-conflict`
 */
export async function connectContainer(
  context: ContainerContext,
  id: ContainerId,
  network: Network,
  attachment: Omit<NetworkAttachment, "network">,
): Promise<void> {
  await changeNetworks(context, id, (networks) => {
    const alone = [...networks.map((one) => one.network), network.name].find(isAlone);
    if (alone !== undefined) {
      throw new RbuildError("network.mode-conflict", `${alone} stands alone; it cannot be joined with another network`, { category: "conflict" });
    }
    const own = { ...attachment, network: network.name };
    const index = networks.findIndex((one) => isSame(one, network));
    return index < 0 ? [...networks, own] : networks.with(index, own);
  });
}

/** @throws RbuildError `container.networks-fixed` while it runs, `container.not-in-network` */
export async function disconnectContainer(context: ContainerContext, id: ContainerId, network: Network): Promise<void> {
  await changeNetworks(context, id, (networks, { status }) => {
    const left = networks.filter((one) => !isSame(one, network));
    if (left.length < networks.length) return left;
    throw new RbuildError("container.not-in-network", `container ${status.name} is not connected to the network ${network.name}`, {
      category: "refused",
      details: { id, network: network.name },
    });
  });
}

const isSame = (attachment: NetworkAttachment, { id, name }: Network): boolean => attachment.network === name || attachment.network === id;

async function changeNetworks(
  context: ContainerContext,
  id: ContainerId,
  change: (networks: readonly NetworkAttachment[], stored: StoredContainer) => readonly NetworkAttachment[],
): Promise<void> {
  await using _held = await context.store.lock(id);
  const stored = await context.store.get(id);
  const { record, status } = stored;
  if (status.phase.kind === "running") {
    throw new RbuildError("container.networks-fixed", `the networks of ${status.name} cannot be changed while it runs`, {
      category: "conflict",
      hint: "stop it first, or name its networks when it is created",
      details: { id },
    });
  }
  await context.store.writeRecord({ ...record, spec: { ...record.spec, networks: change(record.spec.networks ?? [], stored) } });
}
