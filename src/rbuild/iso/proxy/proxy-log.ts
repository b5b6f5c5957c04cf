import type Docker from "dockerode";
import { readTar } from "../../../system/index.ts";
import { asked } from "../../container-host/host-error.ts";

const LOG = "/var/log/apt-cacher-ng/apt-cacher.log";
/** Of the log's end: some hundred thousand requests. */
const MAX_LOG_BYTES = 64 * 2 ** 20;

/** What was asked of apt-cacher-ng, by its log. Paths have the archive's name first: `debian/pool/main/b/bash/…`. */
export interface ProxyRequests {
  /** Answered with bytes. */
  readonly served: readonly string[];
  /** Asked for and not there. */
  readonly refused: readonly string[];
  /** Of other hosts, with their name first. */
  readonly elsewhere: readonly string[];
}

/** `TIME|I, O or E|BYTES|CLIENT|PATH`, with `VerboseLog=1`. An answer from LocalDirs has no path. */
const LINE = /^[0-9]+\|([IOE])\|[0-9]+\|[^|]*\|(.*?)(?: \[HTTP error, code: ([0-9]+)\])?$/;

/** Reads the log of a proxy that knows these archives, each path once, in byte order. Other lines are left out. */
export function parseProxyLog(text: string, archives: readonly string[]): ProxyRequests {
  const found = { served: new Set<string>(), refused: new Set<string>(), elsewhere: new Set<string>() };
  for (const line of text.split("\n")) {
    const [, , path = "", code] = LINE.exec(line) ?? [];
    if (path === "") continue;
    const isOurs = archives.some((name) => path.startsWith(`${name}/`));
    found[!isOurs ? "elsewhere" : code === undefined ? "served" : "refused"].add(path);
  }
  for (const path of found.served) found.refused.delete(path);
  return { served: sorted(found.served), refused: sorted(found.refused), elsewhere: sorted(found.elsewhere) };
}

function sorted(paths: ReadonlySet<string>): string[] {
  return [...paths].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The requests that a running proxy has noted until now. */
export async function readProxyLog(container: Docker.Container, archives: readonly string[]): Promise<ProxyRequests> {
  const stream = (await asked("read the package proxy's log", container.getArchive({ path: LOG }))) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const entry of readTar(stream)) {
    if (entry.kind !== "file") continue;
    for await (const chunk of entry.body) {
      parts.push(chunk);
      size += chunk.byteLength;
      while (size > MAX_LOG_BYTES) size -= parts.shift()?.byteLength ?? size;
    }
  }
  return parseProxyLog(Buffer.concat(parts).toString("utf8"), archives);
}
