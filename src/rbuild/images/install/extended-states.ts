/** Where APT keeps which packages came because others need them. */
export const EXTENDED_STATES = "var/lib/apt/extended_states";

/** The states with more such packages, in byte order. APT calls packages for all architectures by its own. */
export function extendedStates(before: string, automatic: Iterable<string>, architecture: string): string {
  const names = [...before.matchAll(/^Package: (.+)$/gm)].map(([, name]) => name ?? "");
  return [...new Set([...names, ...automatic])]
    .sort()
    .map((name) => `Package: ${name}\nArchitecture: ${architecture}\nAuto-Installed: 1\n\n`)
    .join("");
}
