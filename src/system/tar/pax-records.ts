import type { ByteString } from "./byte-string.ts";
import { malformed } from "./limits.ts";
import type { TarTime } from "./tar-entry.ts";

export type PaxRecord = readonly [key: ByteString, value: ByteString];

/** Records of a PAX extended header in their order: `LENGTH key=value\n`, POSIX.1-2017 pax. `at` is its place, for errors. */
export function parsePaxRecords(bytes: Buffer, at: number): PaxRecord[] {
  const text = bytes.toString("latin1") as ByteString;
  const records: PaxRecord[] = [];
  for (let start = 0; start < text.length; ) {
    const space = text.indexOf(" ", start);
    const digits = space === -1 ? "" : text.slice(start, space);
    const end = start + Number(digits);
    if (!/^[0-9]{1,8}$/.test(digits) || end <= space + 1 || end > text.length || text[end - 1] !== "\n") {
      // GNU tar and others fill the block after the last record with NULs and may count them in.
      if (/^\0+$/.test(text.slice(start))) break;
      throw malformed("a PAX record has a wrong length", at + start);
    }
    const equals = text.indexOf("=", space);
    if (equals <= space + 1 || equals >= end) throw malformed("a PAX record has no key", at + start);
    records.push([text.slice(space + 1, equals) as ByteString, text.slice(equals + 1, end - 1) as ByteString]);
    start = end;
  }
  return records;
}

export function encodePaxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

/** Undefined when it is not a decimal number of seconds. Digits below a nanosecond are cut off. */
export function parsePaxTime(text: string): TarTime | undefined {
  const match = /^(-?)([0-9]{1,16})(?:\.([0-9]*))?$/.exec(text);
  if (!match) return undefined;
  const whole = Number(match[2]);
  const fraction = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (!Number.isSafeInteger(whole)) return undefined;
  if (match[1] === "") return { seconds: whole, nanoseconds: fraction };
  return fraction === 0 ? { seconds: 0 - whole, nanoseconds: 0 } : { seconds: -whole - 1, nanoseconds: 1e9 - fraction };
}

export function formatPaxTime(time: TarTime): string {
  const { seconds, nanoseconds } = time;
  const [sign, whole, fraction] =
    seconds < 0 && nanoseconds > 0 ? ["-", -seconds - 1, 1e9 - nanoseconds] : [seconds < 0 ? "-" : "", Math.abs(seconds), nanoseconds];
  const digits = fraction === 0 ? "" : `.${String(fraction).padStart(9, "0").replace(/0+$/, "")}`;
  return `${sign}${whole}${digits}`;
}
