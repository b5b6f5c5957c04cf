import { RbuildError } from "../../system/index.ts";

/** Fields of one stanza by name in lower case. Lines of a longer value are joined by newlines, each without the blank it began with. */
export type Stanza = ReadonlyMap<string, string>;

export interface StanzaLimits {
  /** UTF-16 code units of the whole text. */
  readonly text: number;
  readonly fields: number;
}

const DEFAULT_LIMITS: StanzaLimits = { text: 16 * 2 ** 20, fields: 1000 };
const FIELD = /^([!-,.-9;-~][!-9;-~]*):[ \t]*(.*)$/;

/**
 * The stanzas of a control file, deb822(5): fields, continued lines, comments, blank lines between stanzas.
 * @throws RbuildError `debian.malformed-stanza`, which names the line
 */
export function parseStanzas(text: string, limits: Partial<StanzaLimits> = {}): Stanza[] {
  const { text: maxText, fields: maxFields } = { ...DEFAULT_LIMITS, ...limits };
  if (text.length > maxText) throw malformed(1, `the text has more than ${maxText} characters`);
  const stanzas: Stanza[] = [];
  let fields = new Map<string, string>();
  let last: string | undefined;
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [index, raw] of lines.entries()) {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (line.startsWith("#")) continue;
    if (line.trim() === "") {
      if (fields.size > 0) stanzas.push(fields);
      fields = new Map();
      last = undefined;
    } else if (line.startsWith(" ") || line.startsWith("\t")) {
      if (last === undefined) throw malformed(index + 1, "a continued line has no field before it");
      fields.set(last, `${fields.get(last) ?? ""}\n${line.slice(1)}`);
    } else {
      const [, name, value] = FIELD.exec(line) ?? [];
      if (name === undefined || value === undefined) throw malformed(index + 1, "it is neither a field nor the continuation of one");
      last = name.toLowerCase();
      if (fields.has(last)) throw malformed(index + 1, `the field ${name} is there twice`);
      if (fields.size >= maxFields) throw malformed(index + 1, `the stanza has more than ${maxFields} fields`);
      fields.set(last, value.trimEnd());
    }
  }
  if (fields.size > 0) stanzas.push(fields);
  return stanzas;
}

/** @throws RbuildError `debian.malformed-stanza` also when there is none, or more than one */
export function parseStanza(text: string, limits: Partial<StanzaLimits> = {}): Stanza {
  const [stanza, ...rest] = parseStanzas(text, limits);
  if (!stanza || rest.length > 0) throw malformed(1, `there are ${stanza ? rest.length + 1 : "no"} stanzas instead of one`);
  return stanza;
}

function malformed(line: number, why: string): RbuildError {
  return new RbuildError("debian.malformed-stanza", `line ${line} of a control file: ${why}`, { category: "invalid", details: { line } });
}
