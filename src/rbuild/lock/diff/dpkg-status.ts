import { parseStanzas, type Stanza } from "../../debian/deb822.ts";
import type { ComparedPackage } from "./image-diff.ts";

/** The status of a system of ten thousand packages is a tenth of it. */
const STATUS_LIMITS = { text: 256 * 2 ** 20 };

/** The packages that /var/lib/dpkg/status says are installed, in order of name. @throws RbuildError `debian.malformed-stanza` */
export function readDpkgStatus(text: string): ComparedPackage[] {
  return parseStanzas(text, STATUS_LIMITS)
    .flatMap((stanza) => installed(stanza) ?? [])
    .sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}

function installed(stanza: Stanza): ComparedPackage | undefined {
  const [name, version, architecture] = [stanza.get("package"), stanza.get("version"), stanza.get("architecture")];
  if (!name || !version || !architecture || !stanza.get("status")?.endsWith(" installed")) return undefined;
  // `Source: gcc-12 (12.2.0-14)`
  const [, source = name, sourceVersion] = /^(\S+)(?:\s+\((\S+)\))?$/.exec(stanza.get("source") ?? "") ?? [];
  const kibibytes = Number(stanza.get("installed-size"));
  return {
    name,
    version,
    architecture,
    source: sourceVersion === undefined ? source : `${source} ${sourceVersion}`,
    ...(Number.isSafeInteger(kibibytes) ? { installedSize: kibibytes * 1024 } : {}),
  };
}
