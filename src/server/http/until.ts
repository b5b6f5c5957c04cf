import { type Filters, filterInvalid } from "./filters.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The `until` filter of the prune requests: a Go duration before now (`24h`, `1h30m`), seconds since 1970, or RFC 3339. */
export function untilFilter(filters: Filters, now: Date): Date | undefined {
  const text = filters.get("until")?.[0];
  if (text === undefined) return undefined;
  const milliseconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : (before(text, now) ?? Date.parse(text));
  if (Number.isNaN(milliseconds)) throw filterInvalid(`invalid filter 'until=${text}'`);
  return new Date(milliseconds);
}

function before(text: string, now: Date): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return now.getTime() - parts.reduce((total, [, number, unit]) => total + Number(number) * (UNITS[unit ?? ""] ?? 0), 0);
}
