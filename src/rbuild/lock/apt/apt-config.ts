import type { ArchiveSource } from "../archive/archive-source.ts";

/**
 * An APT configuration that nothing of the host's is part of: given by APT_CONFIG, it is read before every other and names all
 * directories anew. Paths are below `directory`. apt.conf(5).
 */
export function aptConfig(directory: string, architecture: string, sources: readonly ArchiveSource[], host: HostSettings): string {
  return [
    `Dir ${quote(`${directory}/`)};`,
    'Dir::State "state/"; Dir::State::lists "lists/"; Dir::State::status "status"; Dir::State::extended_states "extended_states";',
    'Dir::Cache "cache/"; Dir::Cache::archives "archives/"; Dir::Cache::pkgcache "pkgcache.bin"; Dir::Cache::srcpkgcache "srcpkgcache.bin";',
    'Dir::Etc "etc/"; Dir::Etc::main "none.conf"; Dir::Etc::parts "none.d"; Dir::Etc::netrc "none"; Dir::Etc::netrcparts "none.d";',
    'Dir::Etc::sourcelist "sources.list"; Dir::Etc::sourceparts "none.d"; Dir::Etc::preferences "preferences"; Dir::Etc::preferencesparts "none.d";',
    'Dir::Etc::trusted "none.gpg"; Dir::Etc::trustedparts "none.d"; Dir::Log "log/";',
    `APT::Architecture ${quote(architecture)}; APT::Architectures { ${quote(architecture)}; };`,
    'APT::Install-Recommends "false"; APT::Install-Suggests "false"; APT::Update::Error-Mode "any";',
    // The user _apt, whom APT becomes for downloads, cannot enter this directory.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User "root";'] : []),
    'Acquire::AllowInsecureRepositories "false"; Acquire::AllowWeakRepositories "false"; Acquire::AllowDowngradeToInsecureRepositories "false";',
    'Acquire::Check-Valid-Until "true"; Acquire::Check-Date "true"; Acquire::Languages "none"; Acquire::PDiffs "false"; Acquire::GzipIndexes "false";',
    'Acquire::Retries "2"; Acquire::http::Timeout "20"; Acquire::https::Timeout "20"; Debug::NoLocking "true";',
    ...(host.caFile === undefined ? [] : [`Acquire::https::CAInfo ${quote(host.caFile)};`]),
    ...new Set(sources.map(({ mirror }) => proxySetting(mirror))),
    "",
  ].join("\n");
}

/** What of the host's APT settings is about reaching a mirror. */
export interface HostSettings {
  readonly caFile?: string;
}

/** One line per suite. The keyring's path has no blanks, nor has the URL. sources.list(5) */
export function aptSources(sources: readonly ArchiveSource[], architecture: string, keyringPath: (index: number) => string): string {
  return sources
    .map(
      ({ suite, components, mirror }, index) => `deb [arch=${architecture} signed-by=${keyringPath(index)}] ${mirror.url} ${suite} ${components.join(" ")}\n`,
    )
    .join("");
}

function proxySetting({ url, proxy }: ArchiveSource["mirror"]): string {
  const { protocol, hostname } = new URL(url);
  return `Acquire::${protocol.slice(0, -1)}::Proxy::${hostname} ${quote(proxy ?? "DIRECT")};`;
}

const quote = (text: string): string => `"${text.replaceAll('"', "%22")}"`;
