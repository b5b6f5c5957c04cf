import type Docker from "dockerode";
import { sweepDeadBuilds } from "../../rbuild/iso/life/sweep-dead-builds.ts";
import { enginePlaces } from "../engine-places.ts";
import type { Session } from "../session.ts";
import { requireRoot } from "./require-root.ts";

/** A container host for the domain, which cannot tell whose it is. */
export interface WiredHost extends AsyncDisposable {
  readonly docker: Docker;
  readonly isEmbedded: boolean;
  /** Lasting state of the domain. */
  readonly stateDirectory: string;
}

/** `--host`, else DOCKER_HOST, else the setting `host`. Undefined: the embedded engine. */
export function hostAddress({ globals, settings }: Pick<Session, "globals" | "settings">): string | undefined {
  return globals.host ?? (process.env["DOCKER_HOST"] || undefined) ?? settings.host;
}

/** The API at the host's address, else the embedded engine behind one. What builds that died have left is gone. */
export async function wire(session: Pick<Session, "globals" | "settings">): Promise<WiredHost> {
  await using opened = new AsyncDisposableStack();
  const host = opened.use(await open(session));
  await sweepDeadBuilds({ containerHost: host.docker, stateDirectory: host.stateDirectory });
  opened.move();
  return host;
}

async function open({ globals, settings }: Pick<Session, "globals" | "settings">): Promise<WiredHost> {
  const places = enginePlaces(globals, settings);
  const address = hostAddress({ globals, settings });
  if (address !== undefined) {
    const { openDocker } = await import("./open-docker.ts");
    return { docker: await openDocker(address, process.env), isEmbedded: false, stateDirectory: places.state, async [Symbol.asyncDispose]() {} };
  }
  requireRoot();
  const { openEmbedded } = await import("./open-embedded.ts");
  const embedded = await openEmbedded(places);
  return { docker: embedded.docker, isEmbedded: true, stateDirectory: places.state, [Symbol.asyncDispose]: () => embedded[Symbol.asyncDispose]() };
}
