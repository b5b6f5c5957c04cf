import { run } from "../../system/index.ts";
import { noApt } from "./apt-archives.ts";

/** `Acquire::http::Proxy "…"` lines of `apt-config dump`, keys in lower case. */
export function parseAptConfig(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^(\S+) "(.*)";$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key.toLowerCase(), value);
  }
  return values;
}

/**
 * The proxy APT would use for a URL, by apt-transport-http(1): the host's own setting, the scheme's, then the environment's.
 * Undefined for a direct connection.
 */
export function proxyFor(url: URL, aptConfig: ReadonlyMap<string, string>, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const scheme = url.protocol.slice(0, -1);
  const configured = aptConfig.get(`acquire::${scheme}::proxy::${url.hostname}`) || aptConfig.get(`acquire::${scheme}::proxy`);
  if (configured === "DIRECT") return undefined;
  if (configured) return configured;
  const exempt = (env["no_proxy"] ?? "").split(",").map((suffix) => suffix.trim().replace(/^\./, ""));
  if (exempt.some((suffix) => suffix === "*" || (suffix !== "" && (url.hostname === suffix || url.hostname.endsWith(`.${suffix}`))))) return undefined;
  return env[`${scheme}_proxy`] || undefined;
}

/** The proxy the host's APT would use for `url`. */
export async function readAptProxy(url: URL, options: { readonly signal?: AbortSignal } = {}): Promise<string | undefined> {
  const dumped = await run("apt-config", ["dump"], options).catch(noApt);
  return proxyFor(url, parseAptConfig(dumped?.stdout ?? ""), process.env);
}

/** What else the host's APT needs to reach its mirrors: the certificate authorities it trusts, where they are not the system's. */
export async function readAptSettings(options: { readonly signal?: AbortSignal } = {}): Promise<{ readonly caFile?: string }> {
  const dumped = await run("apt-config", ["dump"], options).catch(noApt);
  const caFile = parseAptConfig(dumped?.stdout ?? "").get("acquire::https::cainfo");
  return caFile ? { caFile } : {};
}
