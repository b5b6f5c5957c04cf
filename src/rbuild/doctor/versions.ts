/** The first dotted number in what a program prints about itself. */
export function findVersion(text: string): string | undefined {
  return /(?<![\d.])\d+\.\d+(?:\.\d+)*/.exec(text)?.[0];
}

/** Whether a dotted number is at least another: `1.10` is over `1.9`. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [have, want] = [parts(version), parts(minimum)];
  for (const [index, wanted] of want.entries()) {
    const difference = (have[index] ?? 0) - wanted;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function parts(version: string): number[] {
  return version.split(".").map((part) => Number.parseInt(part, 10) || 0);
}
