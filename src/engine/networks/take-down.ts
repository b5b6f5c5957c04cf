import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { deleteLink, NetlinkSocket, toolEnvironment, tryFlock } from "../../system/index.ts";
import { applyRules, tableName } from "./firewall.ts";
import { closeForwarding } from "./forward-policy.ts";
import type { RunningNetwork } from "./running-networks.ts";

/** The first line lets the second succeed when there is no such table. */
const dropScript = (bridge: string): string => `table ip ${tableName(bridge)}\ndelete table ip ${tableName(bridge)}\n`;

/** Removes the bridge, its rules and the openings made for it in other firewalls. Idempotent. */
export async function takeDown(bridge: string, options: { readonly forwardingOpened: boolean }): Promise<void> {
  await Promise.all([applyRules(dropScript(bridge)), options.forwardingOpened && closeForwarding(bridge)]);
  using socket = NetlinkSocket.open();
  deleteLink(socket, bridge);
}

/**
 * The same by a process of its own, for an engine that is closing: the kernel takes some 50 ms to let go of a bridge. The
 * process has the lock's descriptor, so whoever brings the network up again waits for it. False when the lock is taken.
 * @param forget removes the networks' state files, under the lock
 */
export async function takeDownDetached(networks: readonly RunningNetwork[], lockPath: string, forget: () => Promise<void>): Promise<boolean> {
  const lock = openSync(lockPath, "a");
  try {
    if (!tryFlock(lock, "exclusive")) return false;
    await forget();
    const script = networks.map(({ bridge }) => `ip link delete '${bridge}'; printf '${dropScript(bridge).replaceAll("\n", "\\n")}' | nft -f -`).join("; ");
    spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "ignore", "ignore", lock], env: toolEnvironment() })
      .on("error", () => {}) // The next sweep does it.
      .unref();
    return true;
  } finally {
    closeSync(lock);
  }
}
