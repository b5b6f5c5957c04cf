/**
 * Netlink messages as bytes in the host's byte order (little endian on every architecture supported here).
 * Shapes: netlink(7) and rtnetlink(7); `include/uapi/linux/netlink.h`.
 */
/** Flags of a request. */
export const NLM_F = { REQUEST: 1, ACK: 4, EXCL: 0x200, DUMP: 0x300, CREATE: 0x400 } as const;
const ATTRIBUTE_HEADER = 4;
const MESSAGE_HEADER = 16;
const TYPE_MASK = 0x3fff;

const aligned = (length: number): number => (length + 3) & ~3;

/** One attribute: 16-bit length, 16-bit type, payload, padding to four bytes. */
export function attribute(type: number, payload: Uint8Array): Buffer {
  const length = ATTRIBUTE_HEADER + payload.byteLength;
  const bytes = Buffer.alloc(aligned(length));
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(payload, ATTRIBUTE_HEADER);
  return bytes;
}

export const nested = (type: number, ...attributes: readonly Uint8Array[]): Buffer => attribute(type, Buffer.concat(attributes));

export const text = (type: number, value: string): Buffer => attribute(type, Buffer.from(`${value}\0`));

export function u32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return attribute(type, bytes);
}

export function message(type: number, flags: number, sequence: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(MESSAGE_HEADER);
  header.writeUInt32LE(MESSAGE_HEADER + payload.byteLength, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, payload]);
}

export interface ReceivedMessage {
  readonly type: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

/** The messages of one datagram; a cut or senseless one ends the list. */
export function parseMessages(datagram: Buffer): readonly ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  for (let offset = 0; offset + MESSAGE_HEADER <= datagram.byteLength; ) {
    const length = datagram.readUInt32LE(offset);
    if (length < MESSAGE_HEADER || offset + length > datagram.byteLength) break;
    messages.push({
      type: datagram.readUInt16LE(offset + 4),
      sequence: datagram.readUInt32LE(offset + 8),
      payload: datagram.subarray(offset + MESSAGE_HEADER, offset + length),
    });
    offset += aligned(length);
  }
  return messages;
}

/** Attribute type → payload. Of attributes that occur twice the last one stays. */
export function parseAttributes(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let offset = 0; offset + ATTRIBUTE_HEADER <= bytes.byteLength; ) {
    const length = bytes.readUInt16LE(offset);
    if (length < ATTRIBUTE_HEADER || offset + length > bytes.byteLength) break;
    attributes.set(bytes.readUInt16LE(offset + 2) & TYPE_MASK, bytes.subarray(offset + ATTRIBUTE_HEADER, offset + length));
    offset += aligned(length);
  }
  return attributes;
}
