import type { ByteReader } from "./byte-reader.ts";
import type { ByteString } from "./byte-string.ts";
import { type HeaderBlock, paddingOf } from "./header-block.ts";
import { overLimit, type TarLimits, truncated } from "./limits.ts";
import { type PaxRecord, parsePaxRecords } from "./pax-records.ts";

/** What extended headers say of the entry that follows them. */
export interface Extended {
  readonly records?: readonly PaxRecord[];
  readonly longName?: ByteString;
  readonly longLink?: ByteString;
}

export const isExtension = (typeflag: string) => "xXgLK".includes(typeflag);

/** Reads the extended header whose block is `raw`, and returns what is known of the next entry; a global one changes `globals`. */
export async function readExtension(
  raw: HeaderBlock,
  reader: ByteReader,
  globals: Map<ByteString, ByteString>,
  extended: Extended,
  limits: TarLimits,
): Promise<Extended> {
  const at = reader.position;
  if (raw.size > limits.extendedHeader) throw overLimit("an extended header", raw.size, limits.extendedHeader, at);
  const bytes = raw.size === 0 ? Buffer.alloc(0) : await reader.take(raw.size);
  if (bytes === undefined) throw truncated(reader.position);
  await reader.skip(paddingOf(raw.size));
  switch (raw.typeflag) {
    case "g":
      applyRecords(globals, parsePaxRecords(bytes, at));
      return extended;
    case "L":
      return { ...extended, longName: untilNul(bytes) };
    case "K":
      return { ...extended, longLink: untilNul(bytes) };
    default:
      return { ...extended, records: [...(extended.records ?? []), ...parsePaxRecords(bytes, at)] };
  }
}

function untilNul(bytes: Buffer): ByteString {
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end === -1 ? bytes.byteLength : end) as ByteString;
}

/** Later records win; an empty value takes a key away. */
export function applyRecords(into: Map<ByteString, ByteString>, records: readonly PaxRecord[]): Map<ByteString, ByteString> {
  for (const [key, value] of records) {
    if (value === "" && !key.startsWith("SCHILY.xattr.")) into.delete(key);
    else into.set(key, value);
  }
  return into;
}
