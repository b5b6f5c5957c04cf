import { parseStanza, type Stanza } from "./deb822.ts";

/** A `Packages` index of an archive in memory, of which only the stanzas asked for are parsed. */
export interface PackagesIndex {
  readonly names: Iterable<string>;
  /** All stanzas of a package, in the order of the index. */
  find(name: string): readonly IndexedPackage[];
  /** Packages that have this line in their stanza, such as `Essential: yes`, by name in the order of the index. */
  withLine(line: string): readonly string[];
}

export interface IndexedPackage {
  readonly fields: Stanza;
  /** The stanza as it stands in the index, with closing newline. */
  readonly text: string;
}

const NAME = Buffer.from("Package: ");
const MAX_STANZA = 2 ** 20;

/** @param bytes an uncompressed index; each stanza must begin with `Package:`, as those of every archive tool do, or it is passed over */
export function readPackagesIndex(bytes: Buffer): PackagesIndex {
  const places = new Map<string, { readonly start: number; readonly end: number }[]>();
  for (let start = 0; start < bytes.length; ) {
    const gap = bytes.indexOf("\n\n", start);
    const end = gap < 0 ? bytes.length : gap + 1;
    const name = nameAt(bytes, start);
    if (name !== undefined) {
      const known = places.get(name);
      if (known) known.push({ start, end });
      else places.set(name, [{ start, end }]);
    }
    start = gap < 0 ? bytes.length : gap + 2;
    while (bytes[start] === 0x0a) start++;
  }
  return {
    get names() {
      return places.keys();
    },
    find: (name) =>
      (places.get(name) ?? []).map(({ start, end }) => {
        const text = bytes.toString("utf8", start, Math.min(end, start + MAX_STANZA)).replace(/\n?$/, "\n");
        return { text, fields: parseStanza(text) };
      }),
    withLine(line) {
      const wanted = Buffer.from(`\n${line}\n`);
      const names: string[] = [];
      for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
        // An empty line is what parts stanzas.
        const gap = bytes.lastIndexOf("\n\n", at);
        const name = nameAt(bytes, gap < 0 ? 0 : gap + 2);
        if (name !== undefined && names.at(-1) !== name) names.push(name);
      }
      return names;
    },
  };
}

function nameAt(bytes: Buffer, start: number): string | undefined {
  if (!bytes.subarray(start, start + NAME.length).equals(NAME)) return undefined;
  const end = bytes.indexOf(0x0a, start);
  return bytes.toString("latin1", start + NAME.length, end < 0 ? bytes.length : end).trim();
}
