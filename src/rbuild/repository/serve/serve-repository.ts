import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, isSystemError, RbuildError, systemClock } from "../../../system/index.ts";
import { openMemoryStore } from "../../trust/client/memory-store.ts";
import { isRefusal } from "../../trust/refusal.ts";
import type { Attack } from "./attack/attacks.ts";
import { hostileRoute } from "./attack/hostile-route.ts";
import { openFiles } from "./files/open-files.ts";
import { type LogFormat, openAccessLog } from "./http/access-log.ts";
import { createHttpServer } from "./http/http-server.ts";
import { RequestCounts } from "./http/metrics.ts";
import { type ServeLimits, STOP_TIMEOUT } from "./limits.ts";
import { routeName, routeRequests } from "./routes.ts";
import { metadataOf } from "./view/metadata-of-files.ts";
import { watchRepository } from "./view/watch-repository.ts";

/** Where connections come from: an address, or a socket that was handed over. */
export type ListenPlace = { readonly kind: "address"; readonly host: string; readonly port: number } | { readonly kind: "descriptor"; readonly fd: number };

export interface ServeOptions {
  readonly directory: string;
  readonly listen: ListenPlace;
  /** A checkout's `keys/`, for what the page says of signatures. */
  readonly keys?: string;
  readonly limits: ServeLimits;
  readonly logFormat: LogFormat;
  /** Default: stderr. */
  readonly logFile?: string;
  readonly attack?: Attack;
  /** For attacks that need keys: throw-away ones, made there where there are none. */
  readonly attackLab?: string;
  readonly clock?: Clock;
  /** Something is wrong with the server, not with a client: a line for people. */
  readonly onProblem: (message: string) => void;
}

export interface RepositoryServer extends AsyncDisposable {
  /** `http://127.0.0.1:8080/` */
  readonly url: string;
  /** Reads keys and repository again, and opens the log by its name. Nothing that runs is interrupted. */
  reload(): void;
  /** Takes no more connections; resolves when the answers that run have ended, or a minute later. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws RbuildError `serve.no-directory`, `serve.cannot-listen`, `serve.no-attack-lab`, `serve.attack-needs-lab` */
export async function serveRepository(options: ServeOptions): Promise<RepositoryServer> {
  const { directory, clock = systemClock, onProblem } = options;
  await using stack = new AsyncDisposableStack();
  const files = stack.use(await openDirectory(directory));
  const log = stack.use(openAccessLog(options.logFormat, options.logFile, (error) => onProblem(`the access log: ${error.message}`)));
  const counts = new RequestCounts();
  const watch = watchRepository({ repository: metadataOf(files), keys: options.keys, store: openMemoryStore(), clock });
  const honest = routeRequests({ files, watch, counts, log, clock });
  let isStopping = false;
  const server = createHttpServer(await hostileRoute(honest, files, options), {
    limits: options.limits,
    log,
    counts,
    clock,
    routeName,
    onFault: (error) => onProblem(error instanceof Error ? error.message : String(error)),
    isStopping: () => isStopping,
  });
  await listening(server, options.listen);
  await sayState();
  const owned = stack.move();
  return {
    url: urlOf(server),
    reload() {
      log.reopen();
      watch.forget();
      void sayState();
    },
    async [Symbol.asyncDispose]() {
      isStopping = true;
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const sweep = setInterval(() => server.closeIdleConnections(), 200);
      const deadline = setTimeout(() => server.closeAllConnections(), STOP_TIMEOUT);
      await closed;
      clearInterval(sweep);
      clearTimeout(deadline);
      await owned.disposeAsync();
    },
  };

  async function sayState(): Promise<void> {
    const view = await watch.view().catch((error: unknown) => error);
    if (view instanceof Error) onProblem(view.message);
    else if (typeof view === "object" && view !== null && "reason" in view && isRefusal(view.reason)) onProblem(`${view.reason.message} [${view.reason.code}]`);
  }
}

async function openDirectory(directory: string) {
  try {
    return await openFiles(directory);
  } catch (error) {
    if (!isSystemError(error, "ENOENT", "ENOTDIR", "EACCES")) throw error;
    throw new RbuildError("serve.no-directory", `${directory} is no directory that can be read`, {
      category: "not-found",
      hint: "name the directory of a repository; rbuild image publish makes one",
      cause: error,
    });
  }
}

async function listening(server: Server, place: ListenPlace): Promise<void> {
  try {
    server.listen(place.kind === "descriptor" ? { fd: place.fd } : { host: place.host, port: place.port, backlog: 511 });
    await once(server, "listening");
  } catch (error) {
    const where = place.kind === "descriptor" ? `descriptor ${place.fd}` : `${place.host}:${place.port}`;
    throw new RbuildError("serve.cannot-listen", `cannot listen on ${where}: ${(error as Error).message}`, {
      category: "unavailable",
      hint: "name another address: --listen 127.0.0.1:8081",
      cause: error,
    });
  }
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}/`;
}
