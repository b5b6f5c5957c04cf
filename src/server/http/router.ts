import type { IncomingMessage } from "node:http";
import { RbuildError } from "../../system/index.ts";
import type { ServerContext } from "../context.ts";
import type { Answer } from "./answer.ts";
import { type ApiVersion, splitVersion } from "./api-version.ts";
import { Query } from "./query.ts";

export interface ApiRequest {
  readonly method: string;
  readonly version: ApiVersion;
  /** What the template's `{names}` stood for. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Headers, and the body as a stream. */
  readonly message: IncomingMessage;
  /** Aborts when the client goes away before the answer is complete. */
  readonly signal: AbortSignal;
}

export type Handler = (request: ApiRequest, context: ServerContext) => Answer | Promise<Answer>;

export interface Route {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** `/containers/{id}/json`; a `{name...}` also takes slashes. */
  readonly path: string;
  /** The connection may be taken over by raw streams. */
  readonly hijacks?: boolean;
  readonly handle: Handler;
}

export interface RouteMatch {
  readonly route: Route;
  readonly version: ApiVersion;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
}

/** Finds the route of a request target; the first that fits is taken. @throws RbuildError `server.page-not-found`, `server.api-version-…` */
export type Router = (method: string, target: string) => RouteMatch;

export function createRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((route) => ({ route, pattern: compile(route.path) }));
  return (method, target) => {
    const { version, path, query } = splitTarget(target);
    for (const { route, pattern } of compiled) {
      if (route.method !== method) continue;
      const match = pattern.exec(path);
      if (match) return { route, version, params: { ...match.groups }, query };
    }
    throw pageNotFound();
  };
}

function splitTarget(target: string): { version: ApiVersion; path: string; query: Query } {
  const mark = target.indexOf("?");
  const [rawPath, rawQuery] = mark === -1 ? [target, ""] : [target.slice(0, mark), target.slice(mark + 1)];
  let decoded: string;
  try {
    decoded = decodeURIComponent(rawPath);
  } catch {
    throw pageNotFound();
  }
  return { ...splitVersion(decoded), query: new Query(new URLSearchParams(rawQuery)) };
}

function compile(template: string): RegExp {
  const pattern = template
    .split(/(\{[^}]+\})/)
    .map((part) => {
      const name = /^\{([a-z]+)(\.\.\.)?\}$/i.exec(part);
      if (name) return `(?<${name[1]}>${name[2] ? ".+" : "[^/]+"})`;
      return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
  return new RegExp(`^${pattern}$`);
}

const pageNotFound = () => new RbuildError("server.page-not-found", "page not found", { category: "not-found" });
