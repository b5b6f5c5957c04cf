import { isIPv6 } from "node:net";
import { BURST_SECONDS } from "../limits.ts";

const MAX_ADDRESSES = 16_384;

/** Counts by address; an IPv6 address stands for its network of 64 bits, which one host has for itself. */
export class AddressLimits {
  readonly #connectionsAllowed: number;
  readonly #rate: number;
  readonly #connections = new Map<string, number>();
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(limits: { readonly connectionsPerAddress: number; readonly requestsPerSecond: number }) {
    this.#connectionsAllowed = limits.connectionsPerAddress;
    this.#rate = limits.requestsPerSecond;
  }

  /** False: it has enough already. Otherwise `disconnect` must follow. */
  connect(address: string): boolean {
    if (this.#connectionsAllowed === 0) return true;
    const key = networkOf(address);
    const count = this.#connections.get(key) ?? 0;
    if (count >= this.#connectionsAllowed) return false;
    this.#connections.set(key, count + 1);
    return true;
  }

  disconnect(address: string): void {
    const key = networkOf(address);
    const count = this.#connections.get(key) ?? 0;
    if (count <= 1) this.#connections.delete(key);
    else this.#connections.set(key, count - 1);
  }

  /** Takes one request from the address's bucket. @param now milliseconds */
  take(address: string, now: number): boolean {
    if (this.#rate === 0) return true;
    const key = networkOf(address);
    const full = this.#rate * BURST_SECONDS;
    const bucket = this.#buckets.get(key);
    const tokens = bucket ? Math.min(full, bucket.tokens + ((now - bucket.at) / 1000) * this.#rate) : full;
    const isAllowed = tokens >= 1;
    // Moved to the end: the first are those that have been quiet longest.
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: isAllowed ? tokens - 1 : tokens, at: now });
    if (this.#buckets.size > MAX_ADDRESSES) this.#buckets.delete(this.#buckets.keys().next().value as string);
    return isAllowed;
  }
}

function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "");
  if (!isIPv6(plain)) return plain;
  const [before = "", after] = plain.split("%")[0]?.split("::") ?? [];
  const [head, tail] = [before.split(":").filter(Boolean), (after ?? "").split(":").filter(Boolean)];
  const groups = after === undefined ? head : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => "0"), ...tail];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
