import Docker from "dockerode";
import { type Engine, openEngine } from "../../engine/index.ts";
import { serveEngine } from "../../server/index.ts";
import type { EnginePlaces } from "../engine-places.ts";
import { openPrivateSocket } from "./private-socket.ts";

/** The embedded engine for this process alone, which is root's. */
export function openOwnEngine(places: EnginePlaces, lifetime: "session" | "service"): Promise<Engine> {
  return openEngine({ root: places.root, lifetime, ...(places.runRoot === undefined ? {} : { runRoot: places.runRoot }) });
}

/** The embedded engine behind a Docker client, as if a daemon were there. Disposing removes the containers that are left. */
export async function openEmbedded(places: EnginePlaces): Promise<{ readonly docker: Docker } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await openOwnEngine(places, "session"));
  const socket = stack.use(await openPrivateSocket((await engine.info()).runRoot));
  stack.use(await serveEngine({ engine, socketPath: socket.path, mode: 0o600 }));
  const open = stack.move();
  return { docker: new Docker({ socketPath: socket.path }), [Symbol.asyncDispose]: () => open.disposeAsync() };
}
