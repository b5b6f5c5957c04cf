/** A size for people: `31.5 MB`. */
export function byteText(bytes: number): string {
  const [unit, size] =
    bytes >= 1e9 ? (["GB", 1e9] as const) : bytes >= 1e6 ? (["MB", 1e6] as const) : bytes >= 1e3 ? (["kB", 1e3] as const) : (["bytes", 1] as const);
  return `${size === 1 ? bytes : (bytes / size).toFixed(1)} ${unit}`;
}
