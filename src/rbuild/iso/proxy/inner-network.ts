import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { asked, askedIfThere } from "../../container-host/host-error.ts";
import { buildLabels } from "../../container-host/labels.ts";
import type { BuildId } from "../life/build-id.ts";

/** Network of a build and its proxy, without a way out. */
export interface InnerNetwork extends AsyncDisposable {
  readonly name: string;
}

interface Owner {
  readonly buildId: BuildId;
  readonly tree: string;
  readonly stateDirectory: string;
}

const innerName = (id: BuildId): string => `rbuild-${id}`;

/** Disposing removes it; what is in it must be gone. */
export async function createInnerNetwork(host: ContainerHost, owner: Owner): Promise<InnerNetwork> {
  const name = innerName(owner.buildId);
  const Labels = buildLabels({ ...owner, role: "network" });
  await asked(`create the network ${name}`, host.createNetwork({ Name: name, Driver: "bridge", Internal: true, CheckDuplicate: true, Labels }));
  return { name, [Symbol.asyncDispose]: () => removeInnerNetwork(host, owner.buildId) };
}

const TRIES = 20;

/** Does nothing when it is not there. Containers that were just removed may still be leaving it. */
export async function removeInnerNetwork(host: ContainerHost, id: BuildId): Promise<void> {
  const name = innerName(id);
  for (let attempt = 1; ; attempt++) {
    try {
      await askedIfThere(`remove the network ${name}`, host.getNetwork(name).remove());
      return;
    } catch (error) {
      if (attempt >= TRIES) throw error;
      await sleep(100);
    }
  }
}
