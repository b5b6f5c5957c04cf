import { type Digest, isDigest } from "../oci/digest.ts";
import type { ProxyChoice } from "../rbuild/index.ts";
import { RbuildError } from "../system/errors.ts";
import { redact } from "../system/redaction.ts";

/** The texts people give options, settings and variables, each parsed once. All throw RbuildError `cli.invalid-value`. */

export type UiChoice = "live" | "plain";

export function parseProxy(text: string): ProxyChoice {
  if (text === "none" || text === "link") return { kind: text };
  const wanted = "none, link, the http URL of a proxy, or link+URL for both one after the other";
  if (text.startsWith("link+")) return { kind: "link", upstream: parseHttpUrl(text.slice("link+".length), wanted) };
  return { kind: "url", url: parseHttpUrl(text, wanted) };
}

export function parseUi(text: string): UiChoice {
  if (text === "live" || text === "plain") return text;
  throw invalid(text, "live or plain");
}

/** An http or https URL as it was given, without closing slashes. */
export function parseHttpUrl(text: string, wanted = "an http or https URL"): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || /\s/.test(text)) throw invalid(text, wanted);
  return text.replace(/\/+$/, "");
}

/** A whole number, 0 or more. */
export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw invalid(text, "a whole number");
  return Number(text);
}

/** How many rebuilders must have got the same image. */
export function parseQuorum(text: string): number | "all" {
  if (text === "all") return "all";
  if (!/^[1-9]\d?$/.test(text) || Number(text) > 32) throw invalid(text, "a number of rebuilders, 1 to 32, or all");
  return Number(text);
}

/** A pool of packages: a directory, or the URL of a publisher's. */
export function parsePool(text: string): string {
  return /^https?:/i.test(text) ? parseHttpUrl(text) : parsePath(text);
}

/** Several pools with commas between them, as a variable or setting has them. */
export function parsePools(text: string): readonly string[] {
  return text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => parsePool(part.trim()));
}

/** The URL of an archive of old states, with a place for what is asked for. */
export function parseArchiveTemplate(text: string): string {
  const url = parseHttpUrl(text, "an http or https URL with {path}, {name} or {sha256} in it");
  if (!/\{(?:path|name|sha256)\}/.test(url)) throw invalid(text, "an http or https URL with {path}, {name} or {sha256} in it");
  return url;
}

/** `sha256:<64 hex>`, or the digits alone as sha256sum prints them. */
export function parseDigestText(text: string): Digest {
  const digest = /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text;
  if (!isDigest(digest)) throw invalid(text, "sha256: and 64 hexadecimal digits");
  return digest;
}

/** Of zstd. */
export function parseLevel(text: string): number {
  if (!/^(?:[1-9]|1[0-9])$/.test(text)) throw invalid(text, "a number from 1 to 19");
  return Number(text);
}

/** A directory or file name as it was given. */
export function parsePath(text: string): string {
  if (text.trim() === "" || text.includes("\0")) throw invalid(text, "a path");
  return text;
}

export const addFile = (text: string, before: readonly string[] = []): readonly string[] => [...before, parsePath(text)];

/** Where a Docker API answers. */
export type ApiAddress =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "tcp"; readonly protocol: "http" | "https"; readonly host: string; readonly port: number };

/** `unix:///path`, `tcp://host[:port]`, `http://…` or `https://…`, as DOCKER_HOST has them. */
export function parseApiAddress(text: string): ApiAddress {
  const wanted = "unix:///path/of/socket or tcp://host:port";
  if (text.startsWith("unix://")) {
    const path = text.slice("unix://".length);
    if (!path.startsWith("/")) throw invalid(text, wanted);
    return { kind: "socket", path };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^(?:tcp|https?):$/.test(url.protocol) || url.hostname === "") throw invalid(text, wanted);
  const protocol = url.protocol === "https:" ? "https" : "http";
  return { kind: "tcp", protocol, host: url.hostname, port: Number(url.port) || (protocol === "https" ? 2376 : 2375) };
}

function invalid(text: string, wanted: string): RbuildError {
  return new RbuildError("cli.invalid-value", `${JSON.stringify(redact(text))} is not ${wanted}`, { category: "invalid" });
}

/** A line of sources.list, or `URL SUITE`: what is asked of a mirror is the definition's to say. */
function lineForMirror(text: string): RbuildError {
  const url = /https?:\/\/[^\s\]]+/i.exec(text)?.[0];
  return new RbuildError("cli.invalid-value", `${JSON.stringify(redact(text))} is more than the URL of a mirror`, {
    category: "invalid",
    hint: `${url === undefined ? "" : `--mirror ${redact(url)}; `}suites and components are said by suites: of image.yaml, and lock: of rbuild.yaml`,
  });
}

/** `URL` of the archive debian, or `NAME=URL` of another, on top of those given before. */
export function addNamedMirror(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  if (/\s/.test(text.trim())) throw lineForMirror(text);
  const [, name = "debian", url = ""] = /^(?:([a-z][a-z0-9-]{0,31})=)?(.*)$/.exec(text) ?? [];
  return new Map([...before, [name, parseHttpUrl(url, "an http or https URL, or NAME=URL")]]);
}
