import { RbuildError } from "../../system/index.ts";
import { addressText, blockSize, parseAddress, parseSubnet } from "./ipv4.ts";
import type { RunningNetwork } from "./running-networks.ts";

/**
 * The next free address after the one given out last, so that one is reused as late as can be.
 * @throws RbuildError `network.address-exhausted`
 */
export function allocateAddress(network: RunningNetwork): { readonly address: string; readonly offset: number } {
  const block = parseSubnet(network.subnet);
  const taken = new Set([network.gateway, ...network.members.map(({ address }) => address)].map((text) => (parseAddress(text) ?? block.base) - block.base));
  const last = blockSize(block) - 2; // The highest is the broadcast address.
  for (let step = 1; step <= last; step++) {
    const offset = ((network.lastOffset + step - 1) % last) + 1;
    if (!taken.has(offset)) return { address: addressText(block.base + offset), offset };
  }
  throw new RbuildError("network.address-exhausted", `all ${last - 1} addresses of ${network.subnet} are taken`, {
    category: "conflict",
    hint: "remove containers, or create a network with a larger subnet",
    details: { subnet: network.subnet },
  });
}
