import { listLinks, lock, NetlinkSocket } from "../../system/index.ts";
import { isGone, viewpoint } from "../sessions/viewpoint.ts";
import { SUBNET_LOCK } from "./bring-up.ts";
import { BRIDGE_PREFIX } from "./firewall.ts";
import { takeDown } from "./take-down.ts";

/** IFALIASZ without the terminating zero. */
const MAX_ALIAS_BYTES = 255;

/**
 * Says on a bridge, as its alias, which engine's it is: the root, and from where that path leads to it. Undefined when that is too long for
 * the kernel: then nobody but the engine itself takes the bridge down.
 */
export function ownerAlias(root: string): string | undefined {
  const alias = `rbuild ${viewpoint()} ${root}`;
  return Buffer.byteLength(alias) > MAX_ALIAS_BYTES ? undefined : alias;
}

/** Takes down the bridges of engines whose root was removed with all that could have told of them. One that still has a port stays. */
export async function removeOrphans(): Promise<void> {
  if (orphans().length === 0) return;
  await using _held = await lock(SUBNET_LOCK);
  for (const bridge of orphans()) await takeDown(bridge, { forwardingOpened: true });
}

function orphans(): readonly string[] {
  using socket = NetlinkSocket.open();
  const links = listLinks(socket);
  const own = `rbuild ${viewpoint()} `;
  return links.flatMap(({ name, index, alias }) => {
    const isOrphan = name.startsWith(BRIDGE_PREFIX) && alias?.startsWith(own) && isGone(alias.slice(own.length));
    return isOrphan && !links.some(({ master }) => master === index) ? name : [];
  });
}
