import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip as gzipCallback } from "node:zlib";
import { type BuiltDeb, buildDeb, type TestPackage } from "./build-deb.ts";
import { type SigningKey, signCleartext } from "./signing-key.ts";

const gzip = promisify(gzipCallback);

/** What a suite says from now on. */
export interface SuiteState {
  /** Default `test`. */
  readonly suite?: string;
  readonly packages: readonly TestPackage[];
  /** Default the archive's own. None: an InRelease that nobody signed. */
  readonly keys?: readonly SigningKey[];
  /** Seconds since 1970; default 2026-01-01. The signature's time, too. */
  readonly date?: number;
  readonly validUntil?: number;
  readonly version?: string;
  /** Default amd64 and arm64: packages for `all` are in both indexes. */
  readonly architectures?: readonly string[];
  /** Changes the text before it is signed. */
  readonly editRelease?: (text: string) => string;
  /** Changes InRelease after it was signed. */
  readonly editInRelease?: (text: string) => string;
  /** Changes an index after Release was made. */
  readonly editPackages?: (text: string) => string;
}

export const DEFAULT_DATE = 1_767_225_600;

/** Builds the packages and writes `dists/<suite>`; InRelease comes last. */
export async function writeSuite(archive: string, state: SuiteState, archiveKey: SigningKey): Promise<readonly BuiltDeb[]> {
  const { suite = "test", architectures = ["amd64", "arm64"], date = DEFAULT_DATE, keys = [archiveKey] } = state;
  const debs = await Promise.all(state.packages.map((wanted) => buildDeb(archive, wanted)));
  const components = [...new Set(["main", ...state.packages.map(({ component = "main" }) => component)])].sort();
  const listed: { path: string; size: number; sha256: string }[] = [];
  for (const component of components) {
    for (const architecture of architectures) {
      const stanzas = state.packages.flatMap((wanted, index) => {
        const { architecture: own = "all", component: place = "main" } = wanted;
        return place === component && (own === "all" || own === architecture) ? [debs[index]?.stanza ?? ""] : [];
      });
      const text = stanzas.join("\n");
      const changed = state.editPackages?.(text) ?? text;
      for (const [name, honest, served] of [
        ["Packages", Buffer.from(text), Buffer.from(changed)],
        ["Packages.gz", await gzip(text, { level: 9 }), await gzip(changed, { level: 9 })],
      ] as const) {
        const path = `${component}/binary-${architecture}/${name}`;
        listed.push({ path, size: honest.length, sha256: createHash("sha256").update(honest).digest("hex") });
        await replace(join(archive, "dists", suite, path), served);
      }
    }
  }
  const fields = [
    "Origin: Test",
    "Label: Test",
    `Suite: ${suite}`,
    ...(state.version === undefined ? [] : [`Version: ${state.version}`]),
    `Codename: ${suite}`,
    `Date: ${rfc2822(date)}`,
    ...(state.validUntil === undefined ? [] : [`Valid-Until: ${rfc2822(state.validUntil)}`]),
    `Architectures: ${["all", ...architectures].join(" ")}`,
    `Components: ${components.join(" ")}`,
    "Description: archive of a test",
    "SHA256:",
    ...listed.map(({ path, size, sha256 }) => ` ${sha256} ${String(size).padStart(8)} ${path}`),
  ];
  const text = `${fields.join("\n")}\n`;
  const release = state.editRelease?.(text) ?? text;
  const signed = keys.length === 0 ? release : await signCleartext(release, keys, date);
  await replace(join(archive, "dists", suite, "InRelease"), state.editInRelease?.(signed) ?? signed);
  return debs;
}

const rfc2822 = (seconds: number): string => new Date(seconds * 1000).toUTCString().replace("GMT", "UTC");

async function replace(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}
