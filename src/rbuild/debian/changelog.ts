/** One version of a source package. */
export interface ChangelogEntry {
  readonly version: string;
  /** Without the heading, the signature and blank lines around; each line as it stands, without control characters. */
  readonly lines: readonly string[];
}

/** Debian Policy 4.4: `package (version) distributions; key=value`. */
const HEADING = /^[A-Za-z0-9][A-Za-z0-9+.-]* \(([A-Za-z0-9.+:~-]{1,256})\)(?:\s+[A-Za-z0-9.-]+)*;/;
const SIGNATURE = /^ -- /;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * The entries of a Debian changelog in their order, which is newest first; what stands before the first heading and after a signature is
 * passed over. A text that is cut off ends in an entry that is cut off.
 */
export function parseChangelog(text: string): ChangelogEntry[] {
  const entries: { version: string; lines: string[] }[] = [];
  let isOpen = false;
  for (const line of text.split("\n")) {
    const version = HEADING.exec(line)?.[1];
    if (version !== undefined) {
      entries.push({ version, lines: [] });
      isOpen = true;
    } else if (SIGNATURE.test(line)) isOpen = false;
    else if (isOpen) entries.at(-1)?.lines.push(line.replaceAll("\t", "  ").replace(CONTROL, "").trimEnd());
  }
  return entries.map(({ version, lines }) => ({ version, lines: withoutBlankEnds(lines) }));
}

/** CVE identifiers in order of year and number, each once. */
export function findCves(lines: Iterable<string>): string[] {
  const found = new Set<string>();
  for (const line of lines) for (const [cve] of line.matchAll(/\bCVE-\d{4}-\d{4,7}\b/g)) found.add(cve);
  const key = (cve: string) => {
    const [, year = "", number = ""] = cve.split("-");
    return year + number.padStart(7, "0");
  };
  return [...found].sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

function withoutBlankEnds(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => line !== "");
  return first === -1 ? [] : lines.slice(first, lines.findLastIndex((line) => line !== "") + 1);
}
