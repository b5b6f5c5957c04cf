const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** A count of bytes for people, in powers of 1000: `0 B`, `999 B`, `1.2 kB`, `263 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (unit < UNITS.length - 1 && value >= 999.5) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[unit]}`;
}
