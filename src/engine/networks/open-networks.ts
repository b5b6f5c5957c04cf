import { systemClock } from "../../system/index.ts";
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
  const abandoned = await context.abandoned();
  const guarded = abandoned.filter(({ forwardingOpened }) => forwardingOpened);
  if (guarded.length > 0) {
    await using _held = await context.lock();
    for (const network of guarded) await forget(context, network);
  }
  const plain = abandoned.filter(({ forwardingOpened }) => !forwardingOpened);
  if (plain.length === 0) return;
  // When the lock is taken another process is at work; the sweep of the next engine finds what is left.
  await takeDownDetached(plain, context.lockPath, async () => {
    for (const network of plain) await context.running.remove(network.networkId);
  });
}
