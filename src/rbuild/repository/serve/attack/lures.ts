import { randomBytes } from "node:crypto";
import { z } from "zod";
import { type Digest, digestOf, isDigest } from "../../../../oci/index.ts";
import { repositoryPaths } from "../../../trust/format/paths.ts";
import { MAX_BYTES } from "../../../trust/limits.ts";
import { readWhole } from "../files/file-route.ts";
import type { OpenFiles } from "../files/open-files.ts";
import { type Asked, notFound, type Route } from "../http/answer.ts";
import { bytesAnswer } from "../http/file-answer.ts";
import type { Attack } from "./attacks.ts";

const pointerSchema = z.object({ freshness: z.object({ version: z.int().min(1).max(100_000) }) });
const freshnessSchema = z.object({ index: z.object({ version: z.int(), sha256: z.custom<Digest>(isDigest) }) });

/** Attacks that answer with another file than the one that was asked for, or with none. */
export function lureRoutes(honest: Route, files: OpenFiles): Readonly<Partial<Record<Attack, Route>>> {
  const atStart = readJson(repositoryPaths.current, pointerSchema);
  return {
    rollback: async (asked) => (asked.path === "/current.json" ? pointTo(asked, await oldestState()) : honest(asked)),
    freeze: async (asked) => (asked.path === "/current.json" ? pointTo(asked, (await atStart)?.freshness.version) : honest(asked)),
    mix: async (asked) => {
      const [, signature] = /^\/index\/[^/]*\.json(\.asc)?$/.exec(asked.path) ?? [];
      if (!asked.path.startsWith("/index/")) return honest(asked);
      const other = await otherIndex(asked.path);
      return honest(other === undefined ? asked : { ...asked, path: `/${other}${signature ?? ""}` });
    },
    "withheld-root": async (asked) => (/^\/root\/(?!1\.)/.test(asked.path) ? notFound() : honest(asked)),
    "withheld-verdicts": async (asked) => (asked.path.startsWith("/verdicts/") ? notFound() : honest(asked)),
    unsigned: async (asked) => (asked.path.endsWith(".asc") ? notFound() : honest(asked)),
    "wrong-signature": async (asked) => honest(asked.path.endsWith(".asc") ? { ...asked, path: "/root/1.json.asc" } : asked),
    redirect: async ({ path }) => redirection(`${path}?${randomBytes(4).toString("hex")}`),
    "redirect-downgrade": async () => redirection("file:///etc/passwd"),
    "captive-portal": async () => webPage(200, "Welcome to the network of this hotel", "Please log in with your room number."),
    "error-page": async () => webPage(503, "Service unavailable", "We will be back soon."),
  };

  function pointTo(asked: Asked, version: number | undefined) {
    if (version === undefined) return notFound();
    const bytes = Buffer.from(`${JSON.stringify({ formatVersion: 1, freshness: { version }, type: "current" }, undefined, 2)}\n`);
    return bytesAnswer(asked, bytes, { etag: `"${digestOf(bytes)}"`, headers: { "Content-Type": "application/json", "Cache-Control": "no-cache" } });
  }

  async function oldestState(): Promise<number | undefined> {
    for await (const version of states()) return version;
    return undefined;
  }

  async function otherIndex(asked: string): Promise<string | undefined> {
    for await (const version of states()) {
      const freshness = await readJson(repositoryPaths.freshness(version), freshnessSchema);
      const path = freshness && repositoryPaths.index(freshness.index.version, freshness.index.sha256);
      if (path !== undefined && !asked.startsWith(`/${path}`)) return path;
    }
    return undefined;
  }

  /** From the oldest that is still there. */
  async function* states(): AsyncGenerator<number> {
    const newest = (await readJson(repositoryPaths.current, pointerSchema))?.freshness.version ?? 0;
    for (let version = 1; version <= newest; version++) {
      using file = await files.open(repositoryPaths.freshness(version), false);
      if (file) yield version;
    }
  }

  async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const file = await files.open(path, false);
    const bytes = file && (await readWhole(file, MAX_BYTES.freshness));
    if (!bytes) return undefined;
    try {
      return schema.safeParse(JSON.parse(bytes.toString("utf8"))).data;
    } catch {
      return undefined;
    }
  }
}

function redirection(location: string) {
  return { status: 302, headers: { Location: location, "Cache-Control": "no-store" }, body: { kind: "bytes" as const, bytes: new Uint8Array() } };
}

function webPage(status: number, title: string, text: string) {
  const bytes = Buffer.from(`<!doctype html><html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1><p>${text}</p></body></html>\n`);
  return { status, headers: { "Content-Type": "text/html; charset=utf-8" }, body: { kind: "bytes" as const, bytes } };
}
