import type Docker from "dockerode";
import { enginePlaces } from "../engine-places.ts";
import type { Session } from "../session.ts";
import type { AttachableContainer } from "../terminal/attachable-container.ts";
import { requireRoot } from "./require-root.ts";
import { hostAddress } from "./wire.ts";

/** Makes single containers where this command's containers run. Disposing of one removes it. */
export interface ContainerMaker extends AsyncDisposable {
  create(options: Docker.ContainerCreateOptions): Promise<AttachableContainer & AsyncDisposable>;
}

/** The API that is asked for, as `wire` has it, else the embedded engine itself. */
export async function openContainerMaker(session: Pick<Session, "globals" | "settings">): Promise<ContainerMaker> {
  const address = hostAddress(session);
  return address === undefined ? await ofEngine(session) : await ofApi(address);
}

async function ofEngine({ globals, settings }: Pick<Session, "globals" | "settings">): Promise<ContainerMaker> {
  requireRoot();
  const { interpretSchemas } = await import("./interpret-schemas.ts");
  interpretSchemas();
  const [{ openOwnEngine }, { createEngineContainer }] = await Promise.all([import("./open-own-engine.ts"), import("../terminal/engine-container.ts")]);
  const engine = await openOwnEngine(enginePlaces(globals, settings), "session");
  return { create: (options) => createEngineContainer(engine, options), [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
}

async function ofApi(address: string): Promise<ContainerMaker> {
  const [{ openDocker }, { createDockerContainer }] = await Promise.all([import("./open-docker.ts"), import("../terminal/docker-container.ts")]);
  const docker = await openDocker(address, process.env);
  return { create: (options) => createDockerContainer(docker, options), async [Symbol.asyncDispose]() {} };
}
