import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { openEngine } from "../../src/engine/index.ts";
import { serveEngine } from "../../src/server/index.ts";
import { loadBusyboxImage } from "../support/busybox-image.ts";

export const IMAGE = "busybox:test";

export interface DockerHost extends AsyncDisposable {
  readonly socketPath: string;
}

/**
 * The embedded engine on a root of its own with a busybox in it, served as the Docker API. With RBUILD_CONFORMANCE_SOCKET set, whatever
 * answers there instead: how the expectations themselves are checked against Docker.
 */
export async function openDockerHost(): Promise<DockerHost> {
  const other = process.env["RBUILD_CONFORMANCE_SOCKET"];
  if (other) return { socketPath: other, [Symbol.asyncDispose]: () => Promise.resolve() };
  await using stack = new AsyncDisposableStack();
  const name = `rbuild-conformance-${randomBytes(3).toString("hex")}`;
  const [root, runRoot] = [join("/var/tmp", name), join("/run", name)];
  await mkdir(runRoot, { recursive: true });
  stack.defer(() => rm(runRoot, { recursive: true, force: true }));
  stack.defer(() => rm(root, { recursive: true, force: true }));
  const engine = stack.use(await openEngine({ root, runRoot, lifetime: "session" }));
  await loadBusyboxImage(engine.images, IMAGE);
  const socketPath = join(runRoot, "docker.sock");
  stack.use(await serveEngine({ engine, socketPath }));
  const open = stack.move();
  return { socketPath, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
