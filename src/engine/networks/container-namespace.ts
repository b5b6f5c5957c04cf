import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createNetworkNamespace, type NetlinkSocket, ownsNetwork, RbuildError, removeNetworkNamespace, run } from "../../system/index.ts";
import { prepareNamespace } from "./container-link.ts";

/** A container's namespace at a path, its loopback up, in place of what a killed start has left. Gives a socket inside. */
export function makeNamespace(path: string): NetlinkSocket {
  removeNetworkNamespace(path);
  return createNetworkNamespace(path, prepareNamespace);
}

/** One that stays alone. In a user namespace this process could not come back from it: another one makes it. */
export async function makeLoneNamespace(path: string): Promise<void> {
  if (ownsNetwork()) return makeNamespace(path)[Symbol.dispose]();
  removeNetworkNamespace(path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "", { flag: "wx" });
  try {
    await run("unshare", [`--net=${path}`, "ip", "link", "set", "lo", "up"]);
  } catch (error) {
    removeNetworkNamespace(path);
    throw error;
  }
}

/** @throws RbuildError `network.not-permitted` */
export function requireBridges(names: readonly string[]): void {
  if (ownsNetwork()) return;
  throw new RbuildError("network.not-permitted", `the network ${names.join(", ")} is a bridge, which only root can make: this engine is a user's own`, {
    category: "refused",
    hint: "use network none or host, or run it with sudo",
  });
}
