/** One installed Debian package. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
}

const MAX_PACKAGES = 100_000;

/**
 * Reads lines of name, version and, where there is one, architecture: what `dpkg-query --show` and live-build's
 * `*.packages` have. A `name:arch` is taken apart. Other lines are left out. In byte order.
 */
export function parsePackages(text: string): InstalledPackage[] {
  const packages = text.split("\n", MAX_PACKAGES).flatMap((line): InstalledPackage[] => {
    const match = /^([a-z0-9][a-z0-9+.-]+)(?::([a-z0-9-]+))?[\t ]+([0-9A-Za-z.+:~-]+)(?:[\t ]+([a-z0-9-]+))?$/.exec(line.trim());
    if (!match?.[1] || !match[3]) return [];
    const architecture = match[2] ?? match[4];
    return [{ name: match[1], version: match[3], ...(architecture ? { architecture } : {}) }];
  });
  return packages.sort((a, b) => (a.name === b.name ? ((a.architecture ?? "") < (b.architecture ?? "") ? -1 : 1) : a.name < b.name ? -1 : 1));
}
