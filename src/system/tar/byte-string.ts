/**
 * Bytes as a string of which each character is one byte (latin1). Unlike decoded text it keeps names that are not UTF-8, and unlike a
 * Buffer it is a Map key and compares with `<` in byte order.
 */
export type ByteString = string & { readonly __brand: "ByteString" };

/** The bytes themselves, or a text's UTF-8 bytes. */
export function byteString(value: string | Uint8Array): ByteString {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : asBuffer(value);
  return bytes.toString("latin1") as ByteString;
}

export function bytesOf(value: ByteString): Buffer {
  return Buffer.from(value, "latin1");
}

/** For people and for JSON: what is not UTF-8 becomes U+FFFD. */
export function textOf(value: ByteString): string {
  return bytesOf(value).toString("utf8");
}

/** A Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
