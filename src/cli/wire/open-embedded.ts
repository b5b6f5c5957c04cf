import Docker from "dockerode";
import { loadDirectly, serveEngine } from "../../server/index.ts";
import type { EnginePlaces } from "../engine-places.ts";
import { openOwnEngine } from "./open-own-engine.ts";
import { openPrivateSocket } from "./private-socket.ts";

/** The embedded engine behind a Docker client, as if a daemon were there. Disposing removes the containers that are left. */
export async function openEmbedded(places: EnginePlaces): Promise<{ readonly docker: Docker } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await openOwnEngine(places, "session"));
  const socket = stack.use(await openPrivateSocket((await engine.info()).runRoot));
  stack.use(await serveEngine({ engine, socketPath: socket.path, mode: 0o600 }));
  const docker = new Docker({ socketPath: socket.path });
  const loadImage = (archive: NodeJS.ReadableStream, { unpack, abortSignal }: { readonly unpack?: unknown; readonly abortSignal?: AbortSignal } = {}) =>
    loadDirectly(engine, archive as AsyncIterable<Buffer>, { unpack: Boolean(unpack), ...(abortSignal ? { signal: abortSignal } : {}) });
  const open = stack.move();
  return { docker: Object.assign(docker, { loadImage }), [Symbol.asyncDispose]: () => open.disposeAsync() };
}
