import { dlopen, getRawPointer } from "node:ffi";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { checkCall, systemError } from "./errno.ts";

const { functions: libc } = dlopen(null, {
  posix_spawn: { return: "i32", arguments: ["buffer", "string", "buffer", "buffer", "buffer", "buffer"] },
  posix_spawn_file_actions_init: { return: "i32", arguments: ["buffer"] },
  posix_spawn_file_actions_addopen: { return: "i32", arguments: ["buffer", "i32", "string", "i32", "u32"] },
  posix_spawn_file_actions_adddup2: { return: "i32", arguments: ["buffer", "i32", "i32"] },
  posix_spawn_file_actions_addchdir_np: { return: "i32", arguments: ["buffer", "string"] },
  posix_spawn_file_actions_destroy: { return: "i32", arguments: ["buffer"] },
  posix_spawnattr_init: { return: "i32", arguments: ["buffer"] },
  posix_spawnattr_setflags: { return: "i32", arguments: ["buffer", "i16"] },
  posix_spawnattr_setsigdefault: { return: "i32", arguments: ["buffer", "buffer"] },
  posix_spawnattr_setsigmask: { return: "i32", arguments: ["buffer", "buffer"] },
  posix_spawnattr_destroy: { return: "i32", arguments: ["buffer"] },
  socketpair: { return: "i32", arguments: ["i32", "i32", "i32", "buffer"] },
  waitpid: { return: "i32", arguments: ["i32", "buffer", "i32"] },
});

/** More than glibc's structures take: 336, 80 and 128 bytes. */
const [ATTRIBUTES_BYTES, ACTIONS_BYTES, SIGSET_BYTES] = [512, 256, 128];
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
const O_RDWR = 2;
const [AF_UNIX, SOCK_STREAM, SOCK_CLOEXEC] = [1, 1, 0o2000000];
const WNOHANG = 1;
const FIRST_PIPE = 3;
const REAP_INTERVAL_MS = 20;

export interface SessionProcess {
  readonly pid: number;
  /** This side of the pipes, in order. */
  readonly pipes: readonly Socket[];
}

/**
 * Starts a program in a session of its own, with nothing for stdin, stdout and stderr, and `pipes` pipes from descriptor 3 on. By
 * posix_spawn(3), which copies nothing of this process: with what Node has mapped a fork(2) takes 5 ms. Its end is not told.
 * @param program absolute path
 * @throws an Error with `code`, as Node's own functions do
 */
export function spawnSession(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly pipes: number },
): SessionProcess {
  const [attributes, actions, pid] = [Buffer.alloc(ATTRIBUTES_BYTES), Buffer.alloc(ACTIONS_BYTES), Buffer.alloc(4)];
  const argv = stringArray([program, ...args]);
  const envp = stringArray(Object.entries(options.env).map(([name, value]) => `${name}=${value}`));
  const pairs: (readonly [own: number, child: number])[] = [];
  libc.posix_spawnattr_init(attributes);
  libc.posix_spawn_file_actions_init(actions);
  try {
    for (let index = 0; index < options.pipes; index++) pairs.push(pipe());
    // Node blocks and ignores signals of its own
    libc.posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    libc.posix_spawnattr_setsigdefault(attributes, Buffer.alloc(SIGSET_BYTES, 0xff));
    libc.posix_spawnattr_setsigmask(attributes, Buffer.alloc(SIGSET_BYTES));
    demand(libc.posix_spawn_file_actions_addchdir_np(actions, options.cwd), program);
    for (const fd of [0, 1, 2]) demand(libc.posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0), program);
    for (const [index, [, child]] of pairs.entries()) demand(libc.posix_spawn_file_actions_adddup2(actions, child, FIRST_PIPE + index), program);
    demand(libc.posix_spawn(pid, program, actions, attributes, argv.pointers, envp.pointers), program);
  } catch (error) {
    for (const [own] of pairs) closeSync(own);
    throw error;
  } finally {
    for (const [, child] of pairs) closeSync(child);
    libc.posix_spawn_file_actions_destroy(actions);
    libc.posix_spawnattr_destroy(attributes);
  }
  reap(pid.readInt32LE());
  return { pid: pid.readInt32LE(), pipes: pairs.map(([fd]) => new Socket({ fd, readable: true, writable: true })) };
}

/** `char *const[]` with its strings, which live as long as both buffers do. */
function stringArray(texts: readonly string[]): { readonly pointers: Buffer; readonly strings: Buffer } {
  const strings = Buffer.from(texts.map((text) => `${text}\0`).join(""));
  const pointers = Buffer.alloc((texts.length + 1) * 8);
  let next = getRawPointer(strings);
  for (const [index, text] of texts.entries()) {
    pointers.writeBigUInt64LE(next, index * 8);
    next += BigInt(Buffer.byteLength(text) + 1);
  }
  return { pointers, strings };
}

/** Both ends above the numbers that the child gets its own under, so that none is overwritten before it is copied. */
function pipe(): readonly [number, number] {
  const pair = Buffer.alloc(8);
  checkCall(libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair", "stream");
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/** posix_spawn and what prepares it return the errno. */
function demand(errno: number, program: string): void {
  if (errno !== 0) throw systemError(errno, "posix_spawn", program);
}

/** Takes note of the child's end whenever it comes; Node does so for children that it made alone. */
function reap(pid: number): void {
  setTimeout(() => {
    if (libc.waitpid(pid, Buffer.alloc(4), WNOHANG) === 0) reap(pid);
  }, REAP_INTERVAL_MS).unref();
}
