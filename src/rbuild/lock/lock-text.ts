import { canonicalJson } from "../../oci/index.ts";
import type { ImageLock, LockedArchive, LockedPackage } from "./image-lock.ts";

/** Fields whose items stand on a line each. */
const LINES = new Set(["archives", "packages", "offers"]);

/** A lock as it is written: JSON with two spaces, one archive and one package per line, closing newline. The same bytes for the same value. */
export function lockText(lock: ImageLock): string {
  const { lockVersion, compatibilityVersion, name, sourceDateEpoch, lockedAt, wanted, definition, from, archives, architectures } = lock;
  const ordered = {
    lockVersion,
    compatibilityVersion,
    name,
    sourceDateEpoch,
    lockedAt,
    definition,
    wanted: JSON.parse(canonicalJson(wanted)) as unknown,
    from: from && { name: from.name, lock: from.lock },
    archives: archives.map(archiveFields),
    architectures: Object.fromEntries(
      Object.entries(architectures)
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([architecture, { packages, offers }]) => [architecture, { packages: packages.map(packageFields), offers: offers.map(packageFields) }]),
    ),
  };
  return formatLock(ordered);
}

/** Members in the order they are given; those that are undefined are left out. */
export const formatLock = (ordered: Readonly<Record<string, unknown>>): string => `${format(ordered, "", "")}\n`;

export const archiveFields = ({ indexes, ...archive }: LockedArchive): unknown => {
  const { archive: name, suite, components, version, date, validUntil, inRelease, keyring, signedBy } = archive;
  const files = indexes.map(({ path, size, sha256 }) => ({ path, size, sha256 }));
  return { archive: name, suite, components, version, date, validUntil, inRelease, keyring, signedBy, indexes: files };
};

export const packageFields = ({ name, version, architecture, size, sha256, path, source, archive }: LockedPackage): LockedPackage => ({
  name,
  version,
  architecture,
  size,
  sha256,
  path,
  source,
  archive,
});

function format(value: unknown, field: string, indent: string): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const items = value.map((item) => `${inner}${LINES.has(field) ? JSON.stringify(item) : format(item, "", inner)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    if (members.length === 0) return "{}";
    return `{\n${members.map(([key, member]) => `${inner}${JSON.stringify(key)}: ${format(member, key, inner)}`).join(",\n")}\n${indent}}`;
  }
  return JSON.stringify(value);
}
