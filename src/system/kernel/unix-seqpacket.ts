import { dlopen } from "node:ffi";
import { closeSync, constants, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "../errors.ts";
import { checkCall } from "./errno.ts";

const { functions: libc } = dlopen(null, {
  socket: { return: "i32", arguments: ["i32", "i32", "i32"] },
  socketpair: { return: "i32", arguments: ["i32", "i32", "i32", "buffer"] },
  connect: { return: "i32", arguments: ["i32", "buffer", "u32"] },
  dup3: { return: "i32", arguments: ["i32", "i32", "i32"] },
});

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;

/** How often, in milliseconds, and how many times a server is asked that has clients waiting: 10 seconds. */
const RETRY_INTERVAL = 1;
const MAX_RETRIES = 10_000;
/** The same for servers of others, one of which may accept nobody any more: 3 seconds. */
const MAX_ROUNDS = 3000;

/**
 * Connects to the SOCK_SEQPACKET socket `name` in `directory`; the directory's path may be of any length.
 * Each `data` event of the flowing socket is one packet; each `write` that was waited for is one. The socket is half-open after
 * the peer's end until `end` is called. @throws an Error with `code`, as Node's own functions do
 */
export async function connectSeqpacket(directory: string, name: string): Promise<Socket> {
  for (let retries = 0; ; retries++) {
    try {
      return tryConnect(directory, name);
    } catch (error) {
      if (!isSystemError(error, "EAGAIN") || retries === MAX_RETRIES) throw error;
      await sleep(RETRY_INTERVAL);
    }
  }
}

/**
 * Waits until servers whose socket has this name, in whatever directory, have accepted every client that is in a queue of theirs now: from then
 * on they know all that have connected before. Not for ever: one that accepts nobody any more may not keep the others.
 */
export async function allAccepted(name: string): Promise<void> {
  let waiting = await queuedClients(name);
  for (let rounds = 0; waiting.size > 0 && rounds < MAX_ROUNDS; rounds++) {
    await sleep(RETRY_INTERVAL);
    waiting = waiting.intersection(await queuedClients(name));
  }
}

/** proc(5), /proc/net/unix: a connection is "connecting", 02, until it is accepted, and has the server's path; the first column tells it apart. */
async function queuedClients(name: string): Promise<ReadonlySet<string>> {
  const lines = (await readFile("/proc/net/unix", "latin1")).split("\n").map((line) => line.split(/ +/));
  return new Set(lines.flatMap(([number = "", , , , , state, , path = ""]) => (state === "02" && path.endsWith(`/${name}`) ? [number] : [])));
}

function tryConnect(directory: string, name: string): Socket {
  const directoryFd = openSync(directory, O_PATH | constants.O_DIRECTORY);
  try {
    const fd = checkCall(libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket", name);
    try {
      // sun_path holds 108 bytes: go through the directory's descriptor
      const address = Buffer.alloc(110);
      address.writeUInt16LE(AF_UNIX, 0);
      address.write(`/proc/self/fd/${directoryFd}/${name}`, 2);
      checkCall(libc.connect(fd, address, address.byteLength), "connect", `${directory}/${name}`);
      return wrapAsSocket(fd);
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(directoryFd);
  }
}

/** Node makes a Socket of a stream descriptor only: it gets one, and the packet socket takes that descriptor's number over before it is read. */
function wrapAsSocket(fd: number): Socket {
  const pair = Buffer.alloc(8);
  checkCall(libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), "socketpair", "stream");
  const [stream, unused] = [pair.readInt32LE(0), pair.readInt32LE(4)];
  closeSync(unused);
  const options = { fd: stream, allowHalfOpen: true, readable: true, writable: true, manualStart: true };
  const socket = new Socket(options);
  try {
    checkCall(libc.dup3(fd, stream, SOCK_CLOEXEC), "dup3", "packet socket");
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}
