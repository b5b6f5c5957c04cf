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
  /** Of all extended headers since the last entry. */
  readonly bytes?: number;
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
  const total = (extended.bytes ?? 0) + raw.size;
  if (total > limits.extendedHeader) throw overLimit("extended headers", total, limits.extendedHeader, at);
  const bytes = raw.size === 0 ? Buffer.alloc(0) : await reader.take(raw.size);
  if (bytes === undefined) throw truncated(reader.position);
  await reader.skip(paddingOf(raw.size));
  switch (raw.typeflag) {
    case "g":
      applyRecords(globals, parsePaxRecords(bytes, at));
      checkGlobals(globals, limits, at);
      return { ...extended, bytes: total };
    case "L":
      return { ...extended, longName: untilNul(bytes), bytes: total };
    case "K":
      return { ...extended, longLink: untilNul(bytes), bytes: total };
    default:
      return { ...extended, records: [...(extended.records ?? []), ...parsePaxRecords(bytes, at)], bytes: total };
  }
}

/** Each entry has a copy of them. */
function checkGlobals(globals: ReadonlyMap<ByteString, ByteString>, limits: TarLimits, at: number): void {
  const size = [...globals].reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (size > limits.extendedHeader) throw overLimit("global headers", size, limits.extendedHeader, at);
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
