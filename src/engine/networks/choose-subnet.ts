import { readFile } from "node:fs/promises";
import { type Ipv4Block, isSystemError, NetlinkSocket, RbuildError, usedBlocks } from "../../system/index.ts";
import { overlaps, parseAddress, parseSubnet } from "./ipv4.ts";

/** Where subnets are cut from, in order: private ranges that home routers, VPNs and Docker use least come first. */
const POOLS = ["10.89.0.0/16", "10.90.0.0/15", "10.92.0.0/14", "172.24.0.0/13", "192.168.128.0/17"].map(parseSubnet);
/** 4093 containers each. */
const PREFIX_LENGTH = 20;

/**
 * The first subnet that touches neither `taken` nor an address, route or name server of the host.
 * @throws RbuildError `network.no-free-subnet`
 */
export async function chooseSubnet(taken: readonly Ipv4Block[]): Promise<Ipv4Block> {
  const used = [...taken, ...hostBlocks(), ...(await nameServers())];
  for (const pool of POOLS) {
    for (let base = pool.base; base < pool.base + 2 ** (32 - pool.prefixLength); base += 2 ** (32 - PREFIX_LENGTH)) {
      const candidate = { base, prefixLength: PREFIX_LENGTH };
      if (!used.some((block) => overlaps(block, candidate))) return candidate;
    }
  }
  throw new RbuildError("network.no-free-subnet", "every private subnet rbuild would use touches one of the host's routes", {
    category: "unavailable",
    hint: "create a network with a subnet of your own and use it: --subnet",
  });
}

export function hostBlocks(): readonly Ipv4Block[] {
  using socket = NetlinkSocket.open();
  return usedBlocks(socket);
}

/** A subnet that holds the resolver would swallow every query to it. */
async function nameServers(): Promise<readonly Ipv4Block[]> {
  try {
    const text = await readFile("/etc/resolv.conf", "utf8");
    return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].flatMap(([, server]) => {
      const base = parseAddress(server ?? "");
      return base === undefined ? [] : [{ base, prefixLength: 32 }];
    });
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}
