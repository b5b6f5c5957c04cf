import { isSystemError } from "../errors.ts";
import { attribute, NLM_F, nested, parseAttributes, text, u32 } from "./netlink-message.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";

/** Network interfaces by rtnetlink: rtnetlink(7), `include/uapi/linux/if_link.h`. */
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const IFF_UP = 1;
const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, MASTER: 10, LINKINFO: 18, IFALIAS: 20, AF_SPEC: 26, NET_NS_FD: 28 } as const;
const IFLA_INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT_MODE = 4;
const AF_INET6 = 10;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const IFINFOMSG_BYTES = 16;
/** IFNAMSIZ without the terminating zero. */
export const MAX_LINK_NAME = 15;

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  /** Index of the bridge it belongs to. */
  readonly master?: number;
  readonly mtu: number;
  /** Free text that whoever made it has put on it. */
  readonly alias?: string;
}

function header(index: number, flags = 0, change = 0): Buffer {
  const bytes = Buffer.alloc(IFINFOMSG_BYTES);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(change, 12);
  return bytes;
}

function parseLink(payload: Buffer): Link {
  const attributes = parseAttributes(payload.subarray(IFINFOMSG_BYTES));
  const master = attributes.get(IFLA.MASTER)?.readUInt32LE();
  const alias = attributes.get(IFLA.IFALIAS)?.toString("utf8").replace(/\0.*$/, "");
  return {
    index: payload.readInt32LE(4),
    name: attributes.get(IFLA.IFNAME)?.toString("utf8").replace(/\0.*$/, "") ?? "",
    up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
    mtu: attributes.get(IFLA.MTU)?.readUInt32LE() ?? 0,
    ...(master === undefined ? {} : { master }),
    ...(alias ? { alias } : {}),
  };
}

/** The interface of this name in the socket's namespace, or undefined. */
export function findLink(socket: NetlinkSocket, name: string): Link | undefined {
  try {
    const [answer] = socket.request(RTM_GETLINK, 0, Buffer.concat([header(0), text(IFLA.IFNAME, name)]), name);
    return answer && parseLink(answer.payload);
  } catch (error) {
    if (isSystemError(error, "ENODEV")) return undefined;
    throw error;
  }
}

export function listLinks(socket: NetlinkSocket): readonly Link[] {
  return socket.request(RTM_GETLINK, NLM_F.DUMP, header(0), "all links").map((answer) => parseLink(answer.payload));
}

export function setLinkUp(socket: NetlinkSocket, index: number): void {
  socket.request(RTM_NEWLINK, 0, header(index, IFF_UP, IFF_UP), `link ${index}`);
}

/** @param alias at most 255 bytes */
export function setLinkAlias(socket: NetlinkSocket, index: number, alias: string): void {
  // without the zero at its end, which the kernel would keep
  socket.request(RTM_NEWLINK, 0, Buffer.concat([header(index), attribute(IFLA.IFALIAS, Buffer.from(alias))]), `link ${index}`);
}

/** @throws EEXIST when the name is taken */
export function createBridge(socket: NetlinkSocket, name: string, options: { readonly mac: Uint8Array; readonly mtu?: number }): void {
  const info = nested(IFLA.LINKINFO, text(IFLA_INFO.KIND, "bridge"));
  const mtu = options.mtu === undefined ? [] : [u32(IFLA.MTU, options.mtu)];
  const payload = Buffer.concat([header(0, IFF_UP, IFF_UP), text(IFLA.IFNAME, name), attribute(IFLA.ADDRESS, options.mac), ...mtu, info]);
  socket.request(RTM_NEWLINK, NLM_F.CREATE | NLM_F.EXCL, payload, name);
}

export interface VethOptions {
  /** Name on this side; it is brought up as a port of `bridge`. */
  readonly name: string;
  /** Index of the bridge. */
  readonly bridge: number;
  readonly mtu?: number;
  readonly peer: {
    readonly name: string;
    readonly mac: Uint8Array;
    /** Open descriptor of the network namespace it is born in. */
    readonly namespaceFd: number;
  };
}

/** A pair of virtual interfaces: one end a port of a bridge here, the other in another namespace, still down. */
export function createVeth(socket: NetlinkSocket, options: VethOptions): void {
  const mtu = options.mtu === undefined ? [] : [u32(IFLA.MTU, options.mtu)];
  const { peer } = options;
  const other = nested(
    VETH_INFO_PEER,
    header(0),
    text(IFLA.IFNAME, peer.name),
    attribute(IFLA.ADDRESS, peer.mac),
    u32(IFLA.NET_NS_FD, peer.namespaceFd),
    ...mtu,
  );
  const info = nested(IFLA.LINKINFO, text(IFLA_INFO.KIND, "veth"), nested(IFLA_INFO.DATA, other));
  const payload = Buffer.concat([header(0, IFF_UP, IFF_UP), text(IFLA.IFNAME, options.name), u32(IFLA.MASTER, options.bridge), ...mtu, info]);
  socket.request(RTM_NEWLINK, NLM_F.CREATE | NLM_F.EXCL, payload, options.name);
}

/** Lets a bridge send a frame back out of the port it came in by: a container can then reach its own published port. */
export function setHairpin(socket: NetlinkSocket, index: number): void {
  const info = nested(IFLA.LINKINFO, text(IFLA_INFO.SLAVE_KIND, "bridge"), nested(IFLA_INFO.SLAVE_DATA, attribute(IFLA_BRPORT_MODE, Buffer.from([1]))));
  socket.request(RTM_NEWLINK, 0, Buffer.concat([header(index), info]), `link ${index}`);
}

/** Has the kernel give an interface no IPv6 address of its own, with which it would look for others and for routers. */
export function leaveWithoutIpv6(socket: NetlinkSocket, index: number): void {
  const mode = attribute(IFLA_INET6_ADDR_GEN_MODE, Buffer.from([IN6_ADDR_GEN_MODE_NONE]));
  try {
    socket.request(RTM_NEWLINK, 0, Buffer.concat([header(index), nested(IFLA.AF_SPEC, nested(AF_INET6, mode))]), `link ${index}`);
  } catch (error) {
    // the kernel or the interface has no IPv6
    if (!isSystemError(error, "EAFNOSUPPORT")) throw error;
  }
}

/** False when there was none. A veth takes its peer with it. */
export function deleteLink(socket: NetlinkSocket, name: string): boolean {
  try {
    socket.request(RTM_DELLINK, 0, Buffer.concat([header(0), text(IFLA.IFNAME, name)]), name);
    return true;
  } catch (error) {
    if (isSystemError(error, "ENODEV")) return false;
    throw error;
  }
}
