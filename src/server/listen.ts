import { lstat, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { connect } from "node:net";
import { isSystemError, RbuildError } from "../system/index.ts";

/** sun_path of sockaddr_un, its closing zero byte left out. */
const MAX_SOCKET_PATH_BYTES = 107;

export type ListenTarget = { readonly socketPath: string; readonly mode: number } | { readonly fd: number };

/**
 * Listens on a Unix socket of ours, in place of one that nobody answers any more, or on a listening descriptor handed over.
 * @throws RbuildError `server.socket-in-use`, `server.socket-path-too-long`, `server.socket-not-a-socket`
 */
export async function listen(server: Server, target: ListenTarget): Promise<void> {
  if ("fd" in target) return await listening(server, { fd: target.fd });
  const { socketPath, mode } = target;
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH_BYTES) {
    throw new RbuildError("server.socket-path-too-long", `${socketPath} is over the ${MAX_SOCKET_PATH_BYTES} bytes a socket's path may have`, {
      category: "invalid",
    });
  }
  await removeStaleSocket(socketPath);
  // bind(2) happens in the call itself, so the socket is never there with other permissions.
  const before = process.umask(0o777 & ~mode);
  const bound = listening(server, { path: socketPath });
  process.umask(before);
  await bound;
}

function listening(server: Server, where: { readonly path: string } | { readonly fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function removeStaleSocket(path: string): Promise<void> {
  try {
    const stat = await lstat(path);
    if (!stat.isSocket())
      throw new RbuildError("server.socket-not-a-socket", `${path} is there already and is no socket`, { category: "conflict", hint: `rm ${path}` });
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return;
    throw error;
  }
  if (await isAnswering(path)) {
    throw new RbuildError("server.socket-in-use", `another process answers on ${path}`, { category: "conflict", hint: "stop it, or use another --socket" });
  }
  await rm(path, { force: true });
}

function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
