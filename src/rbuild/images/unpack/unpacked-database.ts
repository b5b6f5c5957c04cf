import type { TarInput } from "../../../system/tar/index.ts";
import type { DebControlFile } from "../../debian/deb-members.ts";
import type { ReadPackage } from "../packages/read-packages.ts";
import { textFile } from "../steps/step-container.ts";
import type { BroughtPaths } from "./unpack-packages.ts";

export const STATUS_FILE = "var/lib/dpkg/status";

/**
 * The files of dpkg's database for packages that were unpacked without dpkg, dpkg(1) and deb(5): `dpkg --configure -a` would finish what is left.
 * @param status the database's status so far, empty for a first level
 */
export function* unpackedDatabase(packages: readonly ReadPackage[], brought: BroughtPaths, status: string): Generator<TarInput> {
  for (const { facts, control } of packages) {
    const isSame = fieldOf(control, "Multi-Arch") === "same";
    const stem = `var/lib/dpkg/info/${facts.name}${isSame ? `:${facts.locked.architecture}` : ""}`;
    yield textFile(`${stem}.list`, (brought.get(facts) ?? []).map((path) => `${path}\n`).join(""));
    for (const [name, { mode, content }] of control) if (name !== "control") yield textFile(`${stem}.${name}`, content, mode & 0o777);
  }
  yield textFile(STATUS_FILE, mergeStatus(status, packages));
}

function mergeStatus(status: string, packages: readonly ReadPackage[]): string {
  const stanzas = new Map(
    status
      .split(/\n{2,}/)
      .filter((stanza) => stanza.trim() !== "")
      .map((stanza) => [/^Package: (.*)$/m.exec(stanza)?.[1] ?? "", stanza.trimEnd()]),
  );
  for (const { facts, control } of packages) stanzas.set(facts.name, stanzaOf(control));
  return [...stanzas]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, stanza]) => `${stanza}\n\n`)
    .join("");
}

/** The control file with a status, and its conffiles as dpkg notes new ones. */
function stanzaOf(control: ReadonlyMap<string, DebControlFile>): string {
  const text = textOfFile(control, "control").trimEnd();
  const [first = "", ...rest] = text.split("\n");
  const conffiles = textOfFile(control, "conffiles")
    .split("\n")
    .filter((line) => line.startsWith("/"));
  const noted = conffiles.length === 0 ? [] : ["Conffiles:", ...conffiles.map((path) => ` ${path} newconffile`)];
  return [first, "Status: install ok unpacked", ...rest, ...noted].join("\n");
}

const textOfFile = (control: ReadonlyMap<string, DebControlFile>, name: string): string => control.get(name)?.content.toString("utf8") ?? "";
const fieldOf = (control: ReadonlyMap<string, DebControlFile>, field: string): string | undefined =>
  new RegExp(`^${field}: *(.*)$`, "m").exec(textOfFile(control, "control"))?.[1];
