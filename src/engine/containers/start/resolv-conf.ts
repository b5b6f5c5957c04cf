import { readFile } from "node:fs/promises";
import { isSystemError } from "../../../system/index.ts";
import type { ContainerSpec } from "../container.ts";

const HOST_FILE = "/etc/resolv.conf";
/** What systemd-resolved itself asks, where the host's file names only its stub on the loopback. */
const RESOLVED_FILE = "/run/systemd/resolve/resolv.conf";
const MAX_BYTES = 64 * 1024;

/**
 * resolv.conf(5) of a container: the host's, with what the caller gives in its place. A container with a network of its own cannot reach
 * servers on the host's loopback: they are left out.
 */
export async function resolvConf(spec: Pick<ContainerSpec, "dns" | "dnsSearch" | "dnsOptions">, network: "host" | "namespace"): Promise<string> {
  const host = parse(await readText(HOST_FILE));
  const usable = (servers: readonly string[]) => (network === "host" ? servers : servers.filter((server) => !isLoopback(server)));
  let servers = usable(host.servers);
  if (servers.length === 0 && host.servers.length > 0) servers = usable(parse(await readText(RESOLVED_FILE)).servers);
  const search = spec.dnsSearch?.length ? spec.dnsSearch.filter((domain) => domain !== ".") : host.search;
  const options = spec.dnsOptions?.length ? spec.dnsOptions : host.options;
  return [
    ...(spec.dns?.length ? spec.dns : servers).map((server) => `nameserver ${server}\n`),
    ...(search.length ? [`search ${search.join(" ")}\n`] : []),
    ...(options.length ? [`options ${options.join(" ")}\n`] : []),
  ].join("");
}

function parse(text: string) {
  const words = text.split("\n").map((line) => line.trim().split(/\s+/));
  const of = (keyword: string) => words.filter(([first]) => first === keyword).map(([, ...rest]) => rest);
  return {
    servers: of("nameserver").flatMap(([server]) => server ?? []),
    search: [...of("domain"), ...of("search")].at(-1) ?? [],
    options: of("options").flat(),
  };
}

const isLoopback = (server: string): boolean => server.startsWith("127.") || server === "::1";

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).slice(0, MAX_BYTES);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return "";
    throw error;
  }
}
