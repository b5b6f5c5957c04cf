import { MAX_DEPTH } from "../limits.ts";
import { type Refusal, refusal } from "../refusal.ts";

export type MetadataValue = boolean | number | string | readonly MetadataValue[] | { readonly [key: string]: MetadataValue };

/** `_type` is the one name of in-toto that begins otherwise. */
const KEY = /^(?:_type|[a-z][A-Za-z0-9]{0,63})$/;
/** Printable ASCII and line feeds. */
const TEXT = /^[\n\x20-\x7e]*$/;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The only bytes that a value has in this format: JSON of printable ASCII, keys in byte order, two spaces for each level, `\n` at the end.
 * @throws TypeError for what the format cannot say: other numbers than safe integers, null, other characters, odd keys
 */
export function writeCanonical(value: MetadataValue): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(ordered(value, 1), null, 2)}\n`);
}

function ordered(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new TypeError(`more than ${MAX_DEPTH} levels`);
  if (typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new TypeError(`${value} is no safe integer`);
    return value;
  }
  if (typeof value === "string") {
    if (!TEXT.test(value)) throw new TypeError("a character that is no printable ASCII");
    return value;
  }
  if (Array.isArray(value)) return value.map((item) => ordered(item, depth + 1));
  if (typeof value !== "object" || value === null) throw new TypeError(`${value === null ? "null" : typeof value} has no place in this format`);
  const keys = Object.keys(value).filter((key) => (value as Record<string, unknown>)[key] !== undefined);
  for (const key of keys) if (!KEY.test(key)) throw new TypeError(`${JSON.stringify(key.slice(0, 80))} is no name of a field`);
  return Object.fromEntries(keys.sort(byCodeUnit).map((key) => [key, ordered((value as Record<string, unknown>)[key], depth + 1)]));
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Reads bytes that are exactly what `writeCanonical` makes of their value: so there are no two readings of one file (duplicate keys,
 * `__proto__`, byte order marks, numbers that lose digits, white space).
 * @param what names the file in the refusal
 */
export function readCanonical(bytes: Uint8Array, what: string, maxBytes: number): { readonly kind: "read"; readonly value: MetadataValue } | Refusal {
  if (bytes.byteLength > maxBytes) return refusal("trust.too-large", `${what} has ${bytes.byteLength} bytes; at most ${maxBytes} are read`);
  try {
    const text = decoder.decode(bytes);
    if (isTooDeep(text)) throw new TypeError(`more than ${MAX_DEPTH} levels`);
    if (/^\s*</.test(text)) throw new TypeError("it looks like a web page, as a captive portal or a server's error sends");
    const value = JSON.parse(text) as MetadataValue;
    const canonical = writeCanonical(value);
    if (Buffer.compare(canonical, bytes) !== 0) throw new TypeError("its bytes are not those of the canonical form");
    return { kind: "read", value };
  } catch (error) {
    return refusal("trust.malformed-metadata", `${what} is not canonical JSON: ${error instanceof Error ? error.message.slice(0, 200) : String(error)}`);
  }
}

/** Counted before anything is parsed, so that nesting costs no stack. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (isInString) {
      if (character === 0x5c) index++;
      else if (character === 0x22) isInString = false;
    } else if (character === 0x22) isInString = true;
    else if (character === 0x7b || character === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (character === 0x7d || character === 0x5d) depth--;
  }
  return false;
}
