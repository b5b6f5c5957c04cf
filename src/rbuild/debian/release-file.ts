import { type Digest, digestFromHex } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import { parseStanza } from "./deb822.ts";

/** A file that a Release file vouches for. */
export interface ReleaseEntry {
  /** Bytes. */
  readonly size: number;
  readonly sha256: Digest;
}

/** The Release file of a suite, without its signature (Debian wiki, DebianRepository/Format). */
export interface ReleaseFile {
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  /** Empty where it has none. */
  readonly version: string;
  /** Seconds since 1970. */
  readonly date: number;
  /** Seconds since 1970. */
  readonly validUntil: number | undefined;
  readonly components: readonly string[];
  readonly architectures: readonly string[];
  /** By path relative to the suite: `main/binary-amd64/Packages`. */
  readonly entries: ReadonlyMap<string, ReleaseEntry>;
}

const ENTRY = /^\s*([0-9a-f]{64})\s+(\d{1,15})\s+(\S+)\s*$/;
const DATE = /^[A-Z][a-z]{2}, [ 0-3]?\d [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:UTC|GMT|[+-]0000)$/;

/** @throws RbuildError `debian.malformed-release` */
export function parseRelease(text: string): ReleaseFile {
  const fields = parseStanza(text);
  const entries = new Map<string, ReleaseEntry>();
  for (const line of (fields.get("sha256") ?? "").split("\n")) {
    if (line.trim() === "") continue;
    const [, hex, size, path] = ENTRY.exec(line) ?? [];
    if (hex === undefined || size === undefined || path === undefined) throw malformed(`${JSON.stringify(line.slice(0, 200))} is no line of SHA256`);
    entries.set(path, { size: Number(size), sha256: digestFromHex(hex) });
  }
  if (entries.size === 0) throw malformed("it has no SHA-256 sums");
  const date = fields.get("date");
  const validUntil = fields.get("valid-until");
  if (date === undefined) throw malformed("it has no Date");
  return {
    suite: fields.get("suite"),
    codename: fields.get("codename"),
    version: fields.get("version") ?? "",
    date: parseDate(date),
    validUntil: validUntil === undefined ? undefined : parseDate(validUntil),
    components: words(fields.get("components")),
    architectures: words(fields.get("architectures")),
    entries,
  };
}

function parseDate(text: string): number {
  const milliseconds = DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(milliseconds)) throw malformed(`${JSON.stringify(text.slice(0, 100))} is no date in UTC`);
  return milliseconds / 1000;
}

const words = (text: string | undefined): readonly string[] => (text ?? "").split(/\s+/).filter((word) => word !== "");

function malformed(why: string): RbuildError {
  return new RbuildError("debian.malformed-release", `the Release file of an archive cannot be used: ${why}`, { category: "invalid" });
}
