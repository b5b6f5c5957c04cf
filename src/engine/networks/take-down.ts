import { spawn } from "node:child_process";
import { deleteLink, NetlinkSocket, toolEnvironment } from "../../system/index.ts";
import { applyRules, dropScript } from "./firewall.ts";
import { closeForwarding } from "./forward-policy.ts";

/** Removes the bridge, its rules and the openings made for it in other firewalls; the bridge last, for it is what tells of them. Idempotent. */
export async function takeDown(bridge: string, options: { readonly forwardingOpened: boolean }): Promise<void> {
  await Promise.all([applyRules(dropScript(bridge)), options.forwardingOpened && closeForwarding(bridge)]);
  using socket = NetlinkSocket.open();
  deleteLink(socket, bridge);
}

/**
 * The same for networks that no other firewall knows, by a process of its own: the kernel takes some 50 ms to let go of a
 * bridge, and an engine that closes need not wait. The process inherits `lockFd`, the networks' lock, so whoever brings a
 * network up again waits for it.
 */
export function takeDownDetached(bridges: readonly string[], lockFd: number): void {
  const script = bridges.map((bridge) => `printf '${dropScript(bridge).replaceAll("\n", "\\n")}' | nft -f -; ip link delete '${bridge}'`).join("; ");
  spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "ignore", "ignore", lockFd], env: toolEnvironment() })
    .on("error", () => {}) // The next sweep does it.
    .unref();
}
