import { RbuildError, redact } from "../../system/index.ts";
import { type AptArchive, readAptArchives } from "./apt-archives.ts";
import { readAptProxy } from "./apt-proxy.ts";

/** A Debian archive to take packages from. Never written into anything that lasts. */
export interface Mirror {
  /** Where `dists/` and `pool/` are, without trailing slash; http or https. */
  readonly url: string;
  readonly origin: "option" | "environment" | "apt";
  /** The proxy the host's APT uses for it. */
  readonly proxy?: string;
}

export interface MirrorOptions {
  /** `--mirror`. */
  readonly mirror?: string | undefined;
  /** The Debian suite wanted, by its codename. */
  readonly suite: string;
  readonly signal?: AbortSignal;
}

/** The suites of Debian's main archive: a mirror that has one has those still supported as well. */
const DEBIAN_SUITES = new Set(
  ["bullseye", "bookworm", "trixie", "forky", "duke", "sid", "oldoldstable", "oldstable", "stable", "testing", "unstable"].flatMap((suite) => [
    suite,
    `${suite}-updates`,
    `${suite}-backports`,
    `${suite}-proposed-updates`,
  ]),
);

/** The archive that has `suite`, or else one that has any suite of Debian's main archive. */
export function chooseArchive(archives: readonly AptArchive[], suite: string): AptArchive | undefined {
  const usable = archives.filter(({ url }) => /^https?:\/\//.test(url) && !/-(?:security|debug|ports)(?:\/|$)/.test(url));
  return usable.find((archive) => archive.suite === suite) ?? usable.find((archive) => DEBIAN_SUITES.has(archive.suite));
}

/**
 * Where to take Debian packages from: `--mirror`, else RBUILD_MIRROR, else the host's own APT configuration.
 * @throws RbuildError `mirror.invalid-url`, `mirror.not-found`
 */
export async function findMirror({ mirror, suite, signal }: MirrorOptions): Promise<Mirror> {
  const options = signal === undefined ? {} : { signal };
  const given = mirror ?? (process.env["RBUILD_MIRROR"] || undefined);
  const url = given === undefined ? await fromApt(suite, options) : parseMirrorUrl(given, mirror === undefined ? "RBUILD_MIRROR" : "--mirror");
  const proxy = await readAptProxy(new URL(url), options);
  return { url, origin: mirror !== undefined ? "option" : given !== undefined ? "environment" : "apt", ...(proxy === undefined ? {} : { proxy }) };
}

function parseMirrorUrl(text: string, from: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // A quote, a bracket or a space would end the URL in an APT source line.
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "" || /[\s"'[\]\\]/.test(text)) {
    throw new RbuildError("mirror.invalid-url", `${from} is ${JSON.stringify(redact(text))}, which is not an http or https URL of a Debian mirror`, {
      category: "invalid",
      hint: `${from}${from.startsWith("--") ? " " : "="}http://HOST/debian`,
    });
  }
  return text.replace(/\/+$/, "");
}

async function fromApt(suite: string, options: { readonly signal?: AbortSignal }): Promise<string> {
  const archives = await readAptArchives(options);
  const chosen = archives && chooseArchive(archives, suite);
  if (chosen) return parseMirrorUrl(chosen.url, "the APT source");
  const why = archives === undefined ? "this host has no APT to ask for one" : "the host's APT configuration names no http or https mirror of Debian";
  throw new RbuildError("mirror.not-found", `no Debian mirror is known for ${suite}: ${why}`, { category: "unavailable", hint: "--mirror http://HOST/debian" });
}
