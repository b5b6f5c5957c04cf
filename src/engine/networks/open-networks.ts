import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock, tryFlock } from "../../system/index.ts";
import { attach } from "./attach.ts";
import { detachLocked, forget, renameMember, sweep } from "./detach.ts";
import { NetworkCatalog } from "./network-catalog.ts";
import { NetworkContext, type NetworkOptions } from "./network-context.ts";
import type { NetworkStack, OpenNetworks } from "./network-stack.ts";
import { takeDownDetached } from "./take-down.ts";

/** Opens the networks of an engine's root. Touches nothing until a container joins one; closing takes down what nobody uses any more. */
export function openNetworks(options: NetworkOptions): OpenNetworks {
  const context = new NetworkContext(options);
  const stack: NetworkStack = {
    attach: (request, attachOptions) => attach(context, request, attachOptions),
    async detach(containerId) {
      await using _held = await context.lock();
      await detachLocked(context, containerId);
    },
    rename: (containerId, name) => renameMember(context, containerId, name),
    sweep: (isOwned) => sweep(context, isOwned),
  };
  return {
    networks: new NetworkCatalog(context, options.clock ?? systemClock),
    stack,
    async [Symbol.asyncDispose]() {
      await context.giveUpUses();
      await closeAbandoned(context);
    },
  };
}

async function closeAbandoned(context: NetworkContext): Promise<void> {
  if ((await context.abandoned()).length === 0) return;
  const lockFd = openSync(context.lockPath, "a");
  try {
    while (!tryFlock(lockFd, "exclusive")) await sleep(5);
    const abandoned = await context.abandoned();
    const plain = abandoned.filter(({ forwardingOpened }) => !forwardingOpened);
    for (const network of abandoned) await (network.forwardingOpened ? forget(context, network) : context.running.remove(network.networkId));
    if (plain.length > 0) {
      takeDownDetached(
        plain.map(({ bridge }) => bridge),
        lockFd,
      );
    }
  } finally {
    closeSync(lockFd);
  }
}
