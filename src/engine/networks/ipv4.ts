import { type Ipv4Block, RbuildError } from "../../system/index.ts";

/** `a.b.c.d` as a 32-bit number, or undefined. Leading zeros are refused: some read them as octal. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((address, part) => address * 256 + Number(part), 0);
}

export function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

export const blockText = (block: Ipv4Block): string => `${addressText(block.base)}/${block.prefixLength}`;

export const blockSize = (block: Ipv4Block): number => 2 ** (32 - block.prefixLength);

export const contains = (block: Ipv4Block, address: number): boolean => address >= block.base && address < block.base + blockSize(block);

export const overlaps = (a: Ipv4Block, b: Ipv4Block): boolean => contains(a, b.base) || contains(b, a.base);

/** An IPv4 CIDR with room for a gateway and one container. @throws RbuildError `network.invalid-subnet` */
export function parseSubnet(text: string): Ipv4Block {
  const [address, length, ...rest] = text.split("/");
  const base = parseAddress(address ?? "");
  const prefixLength = /^\d{1,2}$/.test(length ?? "") ? Number(length) : Number.NaN;
  const block = base === undefined ? undefined : { base, prefixLength };
  if (block === undefined || rest.length > 0 || !(prefixLength >= 8 && prefixLength <= 30) || block.base % blockSize(block) !== 0) {
    throw new RbuildError("network.invalid-subnet", `${JSON.stringify(text)} is not an IPv4 subnet such as 172.20.0.0/16 (prefix 8 to 30, host bits zero)`, {
      category: "invalid",
      details: { subnet: text },
    });
  }
  return block;
}

/** Locally administered MAC that follows from the address, so that a reused address is never found under an old MAC. */
export function macFor(address: number): Buffer {
  const mac = Buffer.from([0x02, 0x42, 0, 0, 0, 0]);
  mac.writeUInt32BE(address >>> 0, 2);
  return mac;
}

export const macText = (mac: Uint8Array): string => [...mac].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
