import { run } from "../../system/index.ts";

/** One archive of the host's APT configuration. */
export interface AptArchive {
  /** Where `dists/` and `pool/` are, without trailing slash. */
  readonly url: string;
  /** Suite or codename as the configuration names it. */
  readonly suite: string;
}

const IN_RELEASE = /^'(\S+?)\/+dists\/(\S+?)\/+(?:InRelease|Release)'\s/;

/** The archives in what `apt-get update --print-uris` prints, first mention first. Flat repositories (without `dists/`) are left out. */
export function parsePrintedUris(text: string): AptArchive[] {
  const archives: AptArchive[] = [];
  for (const line of text.split("\n")) {
    const [, url, suite] = IN_RELEASE.exec(line) ?? [];
    if (url === undefined || suite === undefined) continue;
    if (!archives.some((known) => known.url === url && known.suite === suite)) archives.push({ url, suite });
  }
  return archives;
}

/**
 * What the host's APT would fetch its indexes from: APT itself reads its configuration in all its forms. Nothing is fetched, and
 * the host needs no index files. Undefined when the host has no APT.
 */
export async function readAptArchives(options: { readonly signal?: AbortSignal } = {}): Promise<AptArchive[] | undefined> {
  const printed = await run("apt-get", ["update", "--print-uris", "-o", "Debug::NoLocking=true"], { ...options, okCodes: [0, 100] }).catch(noApt);
  return printed && parsePrintedUris(printed.stdout);
}

/** @throws whatever is not the absence of the tool */
export function noApt(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code === "tool.missing") return undefined;
  throw error;
}
