import { dlopen, getInt32 } from "node:ffi";
import { getSystemErrorName } from "node:util";

const { functions: libc } = dlopen(null, {
  __errno_location: { return: "pointer", arguments: [] },
  socket: { return: "i32", arguments: ["i32", "i32", "i32"] },
  sendto: { return: "i64", arguments: ["i32", "buffer", "u64", "i32", "buffer", "u32"] },
  close: { return: "i32", arguments: ["i32"] },
});

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/**
 * Tells the service manager a state such as `READY=1`: sd_notify(3), one datagram to the socket named by NOTIFY_SOCKET. Sent by this
 * process itself, so `NotifyAccess=main` is enough. False when no service manager asked for it.
 */
export function notifyServiceManager(state: string, socketPath: string | undefined = process.env["NOTIFY_SOCKET"]): boolean {
  if (!socketPath) return false;
  const fd = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  try {
    const [data, address] = [Buffer.from(state), socketAddress(socketPath)];
    check(Number(libc.sendto(fd, data, BigInt(data.byteLength), MSG_NOSIGNAL, address, address.byteLength)), "sendto");
  } finally {
    libc.close(fd);
  }
  return true;
}

/** sockaddr_un: the family in host order, the path; a leading @ stands for the zero byte of an abstract address. unix(7). */
function socketAddress(path: string): Buffer {
  const family = Buffer.from(new Uint16Array([AF_UNIX]).buffer);
  const name = Buffer.from(path);
  if (path.startsWith("@")) name[0] = 0;
  return Buffer.concat([family, name]);
}

function check(result: number, syscall: string): number {
  if (result >= 0) return result;
  const code = getSystemErrorName(-getInt32(libc.__errno_location()));
  throw Object.assign(new Error(`${code}: ${syscall} of the service manager's notification socket`), { code, syscall });
}
