import { RbuildError, redact } from "../../system/index.ts";
import { type AptArchive, readAptArchives } from "./apt-archives.ts";
import { readAptProxy } from "./apt-proxy.ts";

/** A Debian archive to take packages from. Never written into anything that lasts. */
export interface Mirror {
  /** Where `dists/` and `pool/` are, without trailing slash; http or https. */
  readonly url: string;
  readonly origin: "option" | "definition" | "environment" | "apt";
  /** The proxy the host's APT uses for it. */
  readonly proxy?: string;
}

export interface MirrorOptions {
  /** `--mirror`. */
  readonly mirror?: string | undefined;
  /** The suite wanted, by its codename. */
  readonly suite: string;
  /** Which archive. `debian`, the default, and `debian-security` are looked for in the host's APT configuration. */
  readonly archive?: string;
  /** Where a definition says that the archive is. */
  readonly url?: string | undefined;
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

/** The archive of security updates that has `suite`, or else any. */
function chooseSecurityArchive(archives: readonly AptArchive[], suite: string): AptArchive | undefined {
  const usable = archives.filter(({ url, suite: has }) => /^https?:\/\//.test(url) && /[-/]security(?:\/|$)/.test(url) && /-security$|\/updates$/.test(has));
  return usable.find((archive) => archive.suite === suite) ?? usable[0];
}

/**
 * Where to take packages from: `--mirror`, else the definition's URL, else for Debian's main archive RBUILD_MIRROR, else the host's own APT
 * configuration.
 * @throws RbuildError `mirror.invalid-url`, `mirror.not-found`
 */
export async function findMirror({ mirror, suite, archive = "debian", url, signal }: MirrorOptions): Promise<Mirror> {
  const options = signal === undefined ? {} : { signal };
  const environment = (archive === "debian" && process.env["RBUILD_MIRROR"]) || undefined;
  const found: Pick<Mirror, "url" | "origin"> =
    mirror !== undefined
      ? { url: parseMirrorUrl(mirror, "--mirror"), origin: "option" }
      : url !== undefined
        ? { url: parseMirrorUrl(url, `the url of the archive ${archive}`), origin: "definition" }
        : environment !== undefined
          ? { url: parseMirrorUrl(environment, "RBUILD_MIRROR"), origin: "environment" }
          : { url: await fromApt(archive, suite, options), origin: "apt" };
  const proxy = await readAptProxy(new URL(found.url), options);
  return { ...found, ...(proxy === undefined ? {} : { proxy }) };
}

function parseMirrorUrl(text: string, from: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // A quote, a bracket or a space would end the URL in an APT source line.
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "" || /[\s"'[\]\\]/.test(text)) {
    throw new RbuildError("mirror.invalid-url", `${from} is ${JSON.stringify(redact(text))}, which is no http or https URL of a mirror`, {
      category: "invalid",
      hint: from.startsWith("the ") ? "correct it in image.yaml" : `${from}${from.startsWith("--") ? " " : "="}http://HOST/debian`,
    });
  }
  return text.replace(/\/+$/, "");
}

async function fromApt(archive: string, suite: string, options: { readonly signal?: AbortSignal }): Promise<string> {
  const isMain = archive === "debian";
  const archives = isMain || archive === "debian-security" ? await readAptArchives(options) : [];
  const chosen = archives && (isMain ? chooseArchive(archives, suite) : chooseSecurityArchive(archives, suite));
  if (chosen) return parseMirrorUrl(chosen.url, "the APT source");
  const why = archives === undefined ? "this host has no APT to ask for one" : `the host's APT configuration names no http or https mirror of ${archive}`;
  throw new RbuildError("mirror.not-found", `no mirror of ${archive} is known for ${suite}: ${why}`, {
    category: "unavailable",
    hint: isMain ? "--mirror http://HOST/debian" : `--mirror ${archive}=http://HOST/${archive}`,
  });
}
