import * as fc from "fast-check";
import { expect, test } from "vitest";
import { allocateAddress } from "../../../../src/engine/networks/allocate-address.ts";
import { guardedChain } from "../../../../src/engine/networks/forward-policy.ts";
import { addressText, blockText, macFor, macText, overlaps, parseAddress, parseSubnet } from "../../../../src/engine/networks/ipv4.ts";

test("an address survives being written and read", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (address) => parseAddress(addressText(address)) === address));
});

test.each(["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.-4", "1.2.3.4 ", "a.b.c.d"])("%j is no address", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.each(["10.0.0.0", "10.0.0.1/24", "10.0.0.0/31", "10.0.0.0/7", "10.0.0.0/24/1", "10.0.0.0/x", "::/64"])("%j is no subnet", (text) => {
  expect(() => parseSubnet(text)).toThrow(expect.objectContaining({ code: "network.invalid-subnet" }));
});

test("blocks overlap when one holds the other", () => {
  const block = parseSubnet("10.89.16.0/20");
  expect(blockText(block)).toBe("10.89.16.0/20");
  expect(overlaps(block, parseSubnet("10.89.31.0/24"))).toBe(true);
  expect(overlaps(parseSubnet("10.0.0.0/8"), block)).toBe(true);
  expect(overlaps(block, parseSubnet("10.89.32.0/20"))).toBe(false);
  expect(overlaps(block, { base: 0xc0000000, prefixLength: 8 })).toBe(false);
});

test("a MAC follows from the address", () => {
  expect(macText(macFor(parseAddress("10.89.0.255") ?? 0))).toBe("02:42:0a:59:00:ff");
});

test("addresses are given out round the block, the gateway and taken ones left out", () => {
  const network = { networkId: "n", bridge: "b", subnet: "10.0.0.0/29", gateway: "10.0.0.1", internal: false, forwardingOpened: false, members: [] };
  expect(allocateAddress({ ...network, lastOffset: 0 })).toEqual({ address: "10.0.0.2", offset: 2 });
  expect(allocateAddress({ ...network, lastOffset: 6 })).toEqual({ address: "10.0.0.2", offset: 2 });
  expect(allocateAddress({ ...network, lastOffset: 3 })).toEqual({ address: "10.0.0.4", offset: 4 });
});

test("finds the chain that drops what nobody let through", () => {
  const listing = (policy: string, more = "") =>
    `table ip other {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}\n` +
    `table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy ${policy};\n\t}\n${more}}\n`;
  expect(guardedChain("")).toBeUndefined();
  expect(guardedChain(listing("accept"))).toBeUndefined();
  expect(guardedChain(listing("drop"))).toBe("FORWARD");
  expect(guardedChain(listing("drop", "\tchain DOCKER-USER {\n\t}\n"))).toBe("DOCKER-USER");
});
