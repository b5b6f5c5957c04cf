import { attribute, NLM_F, parseAttributes } from "./netlink-message.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";

/** IPv4 addresses and routes by rtnetlink: rtnetlink(7), `include/uapi/linux/{if_addr,rtnetlink}.h`. */
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
const AF_INET = 2;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5 } as const;
const RTN_UNICAST = 1;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const IFADDRMSG_BYTES = 8;
const RTMSG_BYTES = 12;

/** An IPv4 block: a 32-bit number with all host bits zero, and the length of its prefix. */
export interface Ipv4Block {
  readonly base: number;
  readonly prefixLength: number;
}

function ipv4Bytes(address: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address >>> 0);
  return bytes;
}

function familyHeader(bytes: number): Buffer {
  const header = Buffer.alloc(bytes);
  header.writeUInt8(AF_INET, 0);
  return header;
}

/** Gives an interface an address; the route to its subnet comes with it. @throws EEXIST */
export function addAddress(socket: NetlinkSocket, link: number, address: number, prefixLength: number): void {
  const header = familyHeader(IFADDRMSG_BYTES);
  header.writeUInt8(prefixLength, 1);
  header.writeUInt32LE(link, 4);
  const broadcast = (address | (prefixLength === 0 ? 0xffffffff : 2 ** (32 - prefixLength) - 1)) >>> 0;
  const payload = Buffer.concat([
    header,
    attribute(IFA.LOCAL, ipv4Bytes(address)),
    attribute(IFA.ADDRESS, ipv4Bytes(address)),
    attribute(IFA.BROADCAST, ipv4Bytes(broadcast)),
  ]);
  socket.request(RTM_NEWADDR, NLM_F.CREATE | NLM_F.EXCL, payload, `address on link ${link}`);
}

export function addDefaultRoute(socket: NetlinkSocket, gateway: number): void {
  const header = familyHeader(RTMSG_BYTES);
  header.writeUInt8(RT_TABLE_MAIN, 4);
  header.writeUInt8(RTPROT_BOOT, 5);
  header.writeUInt8(RTN_UNICAST, 7);
  socket.request(RTM_NEWROUTE, NLM_F.CREATE | NLM_F.EXCL, Buffer.concat([header, attribute(RTA.GATEWAY, ipv4Bytes(gateway))]), "default route");
}

const blockOf = (address: number, prefixLength: number): Ipv4Block => ({
  base: prefixLength === 0 ? 0 : (address & (0xffffffff << (32 - prefixLength))) >>> 0,
  prefixLength,
});

/** Index of the interface the main table's first default route leads to, or undefined. */
export function defaultRouteLink(socket: NetlinkSocket): number | undefined {
  for (const { payload } of socket.request(RTM_GETROUTE, NLM_F.DUMP, familyHeader(RTMSG_BYTES), "all routes")) {
    const attributes = parseAttributes(payload.subarray(RTMSG_BYTES));
    if (payload.readUInt8(1) === 0 && payload.readUInt8(4) === RT_TABLE_MAIN && !attributes.has(RTA.DST)) return attributes.get(RTA.OIF)?.readUInt32LE();
  }
  return undefined;
}

/** Every block the namespace has an address in or a route to (any table), default routes left out. */
export function usedBlocks(socket: NetlinkSocket): readonly Ipv4Block[] {
  const addresses = socket.request(RTM_GETADDR, NLM_F.DUMP, familyHeader(IFADDRMSG_BYTES), "all addresses").flatMap(({ payload }) => {
    const local = parseAttributes(payload.subarray(IFADDRMSG_BYTES)).get(IFA.LOCAL);
    return local ? [blockOf(local.readUInt32BE(), payload.readUInt8(1))] : [];
  });
  const routes = socket.request(RTM_GETROUTE, NLM_F.DUMP, familyHeader(RTMSG_BYTES), "all routes").flatMap(({ payload }) => {
    const destination = parseAttributes(payload.subarray(RTMSG_BYTES)).get(RTA.DST);
    return destination ? [blockOf(destination.readUInt32BE(), payload.readUInt8(1))] : [];
  });
  return [...addresses, ...routes];
}
