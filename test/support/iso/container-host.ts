import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import Docker from "dockerode";
import { openEmbedded } from "../../../src/cli/wire/open-embedded.ts";

export interface TestHost extends AsyncDisposable {
  readonly docker: Docker;
  readonly isEmbedded: boolean;
}

/** The embedded engine with a store of its own; a Docker daemon instead where RBUILD_TEST_DOCKER names its socket. */
export async function openTestHost(): Promise<TestHost> {
  const socketPath = process.env["RBUILD_TEST_DOCKER"];
  if (socketPath) return { docker: new Docker({ socketPath }), isEmbedded: false, async [Symbol.asyncDispose]() {} };
  const directory = await mkdtemp("/var/tmp/rbuild-host-");
  const embedded = await openEmbedded({ root: join(directory, "engine"), runRoot: join(directory, "run"), state: join(directory, "state") });
  return {
    docker: embedded.docker,
    isEmbedded: true,
    async [Symbol.asyncDispose]() {
      await embedded[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
