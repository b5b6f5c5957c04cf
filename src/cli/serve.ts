import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Engine } from "../engine/index.ts";
import { type ServeOptions, serveEngine, takeActivationFd } from "../server/index.ts";
import { notifyServiceManager } from "../system/index.ts";
import type { EnginePlaces } from "./engine-places.ts";
import { openOwnEngine } from "./wire/open-own-engine.ts";

export interface ServeChoices {
  readonly socketPath?: string;
  readonly signal: AbortSignal;
  /** Called once, when clients can connect. */
  readonly onListening: (address: string) => void;
}

/** Serves the embedded engine until the signal aborts. Containers outlive it. */
export async function serve(places: EnginePlaces, { socketPath, signal, onListening }: ServeChoices): Promise<void> {
  const fd = takeActivationFd();
  await using engine = await openOwnEngine(places, "service");
  const where = fd === undefined ? await socketIn(engine, socketPath) : { fd };
  await using server = await serveEngine({ engine, ...where, signal });
  onListening(server.address);
  notifyServiceManager("READY=1");
  await server.closed;
}

async function socketIn(engine: Engine, socketPath: string | undefined): Promise<Pick<ServeOptions, "socketPath">> {
  const path = resolve(socketPath ?? join((await engine.info()).runRoot, "docker.sock"));
  await mkdir(dirname(path), { recursive: true });
  return { socketPath: path };
}
