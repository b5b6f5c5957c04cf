import { dlopen } from "node:ffi";
import { closeSync } from "node:fs";
import { checkCall, systemError } from "./errno.ts";
import { message, NLM_F, parseMessages, type ReceivedMessage } from "./netlink-message.ts";

const { functions: libc } = dlopen(null, {
  socket: { return: "i32", arguments: ["i32", "i32", "i32"] },
  send: { return: "i64", arguments: ["i32", "buffer", "u64", "i32"] },
  recv: { return: "i64", arguments: ["i32", "buffer", "u64", "i32"] },
  setsockopt: { return: "i32", arguments: ["i32", "i32", "i32", "buffer", "u32"] },
});

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
/** The kernel answers with datagrams of at most 32 KiB when the reader offers that. */
const RECEIVE_BYTES = 32 * 1024;
const EBADMSG = 74;

/**
 * A route netlink socket of the network namespace the calling thread is in. It stays in that namespace wherever the thread
 * goes. The kernel answers before `send` returns, so nothing here waits for anything but the kernel itself.
 */
export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  #sequence = 0;
  #closed = false;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static open(): NetlinkSocket {
    const [AF_NETLINK, SOCK_RAW, SOCK_CLOEXEC, NETLINK_ROUTE] = [16, 3, 0o2000000, 0];
    const fd = checkCall(libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "socket", "netlink");
    const [SOL_SOCKET, SO_RCVTIMEO] = [1, 20];
    const twoSeconds = Buffer.alloc(16);
    twoSeconds.writeBigInt64LE(2n);
    checkCall(libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, twoSeconds, twoSeconds.byteLength), "setsockopt", "netlink");
    return new NetlinkSocket(fd);
  }

  /**
   * Sends one request and returns the messages it is answered with, the final acknowledgement left out.
   * @throws a system error with the code the kernel gave, `what` as its path
   */
  request(type: number, flags: number, payload: Uint8Array, what: string): readonly ReceivedMessage[] {
    const sequence = ++this.#sequence;
    const bytes = message(type, flags | NLM_F.REQUEST | NLM_F.ACK, sequence, payload);
    checkCall(Number(libc.send(this.#fd, bytes, BigInt(bytes.byteLength), 0)), "netlink send", what);
    const answers: ReceivedMessage[] = [];
    for (;;) {
      const buffer = Buffer.alloc(RECEIVE_BYTES);
      const size = checkCall(Number(libc.recv(this.#fd, buffer, BigInt(buffer.byteLength), 0)), "netlink recv", what);
      const messages = parseMessages(buffer.subarray(0, size));
      if (messages.length === 0) throw systemError(EBADMSG, "netlink recv", what);
      for (const answer of messages) {
        if (answer.sequence !== sequence) continue;
        if (answer.type === NLMSG_DONE) return answers;
        if (answer.type === NLMSG_ERROR) {
          const errno = -answer.payload.readInt32LE(0);
          if (errno !== 0) throw systemError(errno, "netlink", what);
          return answers;
        }
        answers.push(answer);
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}
