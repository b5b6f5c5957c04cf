const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const DURATION_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `4G`, `512MiB` or a number of bytes; undefined when it is neither. Units are powers of 1024. */
export function parseSize(text: string): number | undefined {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)([KMGT]?)(?:i?B)?$/.exec(text);
  const unit = SIZE_UNITS[match?.[2] ?? "?"];
  return match && unit !== undefined ? Math.round(Number(match[1]) * unit) : undefined;
}

/** `90s`, `30m`, `2h` in milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^([0-9]{1,6})([smh])$/.exec(text);
  const unit = DURATION_UNITS[match?.[2] ?? "?"];
  return match && unit !== undefined ? Number(match[1]) * unit * 1000 : undefined;
}

/** `1.5 GiB`: a size for people. */
export function sizeText(bytes: number): string {
  for (const [unit, size] of [
    ["GiB", 2 ** 30],
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
  ] as const) {
    if (bytes >= size) return `${Math.round((bytes / size) * 10) / 10} ${unit}`;
  }
  return `${bytes} bytes`;
}
