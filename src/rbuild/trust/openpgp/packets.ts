/** RFC 9580, 5: the packets that are let in anywhere here. */
export const TAG = { signature: 2, secretKey: 5, publicKey: 6, secretSubkey: 7, compressed: 8, userId: 13, publicSubkey: 14, userAttribute: 17 } as const;

export interface Packet {
  readonly tag: number;
  /** The packet's content. */
  readonly body: Uint8Array;
  /** Header and content. */
  readonly bytes: Uint8Array;
}

/** Packets one after the other, cut by their headers alone; at last what is wrong, in words that follow "it …". RFC 9580, 4.2. */
export function* cutPackets(bytes: Uint8Array): Generator<Packet | string, void, undefined> {
  for (let at = 0; at < bytes.byteLength; ) {
    const header = readHeader(bytes, at);
    if (typeof header === "string") {
      yield header;
      return;
    }
    const { tag, start, end } = header;
    yield { tag, body: bytes.subarray(start, end), bytes: bytes.subarray(at, end) };
    at = end;
  }
}

/**
 * All packets of a sequence, of which nothing is unpacked or parsed that is not wanted.
 * @returns the packets, or what is wrong, in words that follow "it …"
 */
export function splitPackets(bytes: Uint8Array, allowed: ReadonlySet<number>, maxPackets: number): readonly Packet[] | string {
  const packets: Packet[] = [];
  for (const packet of cutPackets(bytes)) {
    if (packets.length === maxPackets) return `has more than ${maxPackets} packets`;
    if (typeof packet === "string") return packet;
    const { tag } = packet;
    if (tag === TAG.secretKey || tag === TAG.secretSubkey) return "has a secret key, which must never be here";
    if (tag === TAG.compressed) return "has a compressed packet, which is not unpacked";
    if (!allowed.has(tag)) return `has a packet of type ${tag}, which does not belong here`;
    packets.push(packet);
  }
  return packets.length === 0 ? "has no packet" : packets;
}

function readHeader(bytes: Uint8Array, at: number): { readonly tag: number; readonly start: number; readonly end: number } | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cut = "ends within a packet";
  const first = view.getUint8(at);
  if ((first & 0x80) === 0) return "has a byte where a packet should begin";
  const isNew = (first & 0x40) !== 0;
  const tag = isNew ? first & 0x3f : (first & 0x3c) >> 2;
  const room = bytes.byteLength - at - 1;
  if (room < 1) return cut;
  const octet = view.getUint8(at + 1);
  let length: number;
  let lengthBytes: number;
  if (isNew) {
    if (octet >= 224 && octet < 255) return "has a packet of partial lengths";
    lengthBytes = octet < 192 ? 1 : octet < 224 ? 2 : 5;
    if (room < lengthBytes) return cut;
    length = lengthBytes === 1 ? octet : lengthBytes === 2 ? ((octet - 192) << 8) + view.getUint8(at + 2) + 192 : view.getUint32(at + 2);
  } else {
    if ((first & 3) === 3) return "has a packet of indeterminate length";
    lengthBytes = 1 << (first & 3);
    if (room < lengthBytes) return cut;
    length = lengthBytes === 1 ? octet : lengthBytes === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
  }
  const start = at + 1 + lengthBytes;
  return start + length > bytes.byteLength ? cut : { tag, start, end: start + length };
}
