import { basename, join } from "node:path";
import { redact } from "../../system/index.ts";
import { proxyFor } from "../mirror/apt-proxy.ts";
import { itemPath } from "./open-pool.ts";
import type { PoolItem, PoolSource } from "./pool.ts";

/** Where a source would have an item. */
export type ItemPlace =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string; readonly proxy?: string }
  | { readonly kind: "bytes"; readonly read: (signal: AbortSignal) => AsyncIterable<Uint8Array> | undefined }
  /** It cannot have it. */
  | { readonly kind: "none" };

export function placeOf(item: PoolItem, source: PoolSource, environment: Readonly<Record<string, string | undefined>> = process.env): ItemPlace {
  switch (source.kind) {
    case "directory":
      return { kind: "file", path: join(source.path, itemPath(item.sha256)) };
    case "files":
      return source.archive === item.archive ? { kind: "file", path: join(source.path, item.path) } : { kind: "none" };
    case "reader":
      return source.archive === item.archive ? { kind: "bytes", read: (signal) => source.read(item.path, signal) } : { kind: "none" };
    case "publisher":
      return urlPlace(`${withoutSlash(source.url)}/${itemPath(item.sha256)}`, environment);
    case "mirror": {
      if (source.archive !== item.archive) return { kind: "none" };
      const url = `${withoutSlash(source.url)}/${encodePath(item.path)}`;
      return source.proxy === undefined ? { kind: "url", url } : { kind: "url", url, proxy: source.proxy };
    }
    case "template": {
      const url = fillTemplate(item, source.template, source.timestamp);
      return url === undefined ? { kind: "none" } : urlPlace(url, environment);
    }
    default:
      return source satisfies never;
  }
}

/** Undefined when the template wants a timestamp and there is none. */
function fillTemplate(item: PoolItem, template: string, timestamp: string | undefined): string | undefined {
  if (timestamp === undefined && template.includes("{timestamp}")) return undefined;
  const values: Readonly<Record<string, string>> = {
    archive: encodePath(item.archive),
    path: encodePath(item.path),
    name: encodePath(basename(item.path)),
    sha256: item.sha256.slice("sha256:".length),
    timestamp: timestamp ?? "",
  };
  return template.replaceAll(/\{([a-z0-9]+)\}/g, (text, key: string) => (Object.hasOwn(values, key) ? (values[key] ?? "") : text));
}

/** A source for people: no password, no query. */
export function sourceName(source: PoolSource): string {
  switch (source.kind) {
    case "directory":
    case "files":
      return source.path;
    case "reader":
      return source.name;
    case "template":
      return redactUrl(source.template);
    case "publisher":
    case "mirror":
      return redactUrl(source.url);
    default:
      return source satisfies never;
  }
}

/** A text with URLs in it: what stands for a person or may be a token is taken out. */
export function redactUrl(text: string): string {
  return redact(text)
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, "$1***@")
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s?]*)\?\S*/gi, "$1?***");
}

function urlPlace(url: string, environment: Readonly<Record<string, string | undefined>>): ItemPlace {
  const proxy = URL.canParse(url) ? proxyFor(new URL(url), new Map(), environment) : undefined;
  return proxy === undefined ? { kind: "url", url } : { kind: "url", url, proxy };
}

/** APT asks for `libstdc%2b%2b6` too: a plus means a space to some servers. */
const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");
