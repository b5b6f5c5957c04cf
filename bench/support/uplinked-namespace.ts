import { writeFile } from "node:fs/promises";
import { execa } from "execa";

/** A network namespace that reaches the outside through the host, so that a daemon's firewall rules stay in it. */
export interface UplinkedNamespace extends AsyncDisposable {
  readonly path: string;
  /** Of the host, as it is seen from there. */
  readonly hostAddress: string;
}

const NAME = "rbuild-bench";
const LINK = "rbuild-bench0";
// RFC 5737, TEST-NET-2.
const [HOST_ADDRESS, INNER_ADDRESS] = ["203.0.113.1", "203.0.113.2"] as const;

export async function createUplinkedNamespace(): Promise<UplinkedNamespace> {
  await remove();
  try {
    await execa("ip", ["netns", "add", NAME]);
    await execa("ip", ["link", "add", LINK, "type", "veth", "peer", "name", "uplink", "netns", NAME]);
    await execa("ip", ["address", "add", `${HOST_ADDRESS}/30`, "dev", LINK]);
    await execa("ip", ["link", "set", LINK, "up"]);
    for (const args of [
      ["link", "set", "lo", "up"],
      ["address", "add", `${INNER_ADDRESS}/30`, "dev", "uplink"],
      ["link", "set", "uplink", "up"],
      ["route", "add", "default", "via", HOST_ADDRESS],
    ]) {
      await execa("ip", ["-netns", NAME, ...args]);
    }
    await execa("nft", ["-f", "-"], {
      input: `table ip ${NAME} {\n chain out {\n type nat hook postrouting priority srcnat;\n ip saddr ${INNER_ADDRESS} masquerade;\n }\n}\n`,
    });
    // Stays on: other engines on this host may rely on it by now.
    await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
  } catch (error) {
    await remove();
    throw error;
  }
  return { path: `/run/netns/${NAME}`, hostAddress: HOST_ADDRESS, [Symbol.asyncDispose]: remove };
}

/** Also what a bench that was killed left behind. */
async function remove(): Promise<void> {
  await execa("nft", ["delete", "table", "ip", NAME], { reject: false });
  await execa("ip", ["link", "delete", LINK], { reject: false });
  await execa("ip", ["netns", "delete", NAME], { reject: false });
}
