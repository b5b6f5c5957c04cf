/** Stream numbers of Docker's multiplexed framing. */
const STREAM = { stdin: 0, stdout: 1, stderr: 2 } as const;

/**
 * The header before each piece of a multiplexed stream: one byte of stream number, three zero bytes, the length as 32-bit big endian.
 * Docker Engine API, "Attach to a container", stream format.
 */
export function frameHeader(stream: "stdout" | "stderr", length: number): Buffer {
  const header = Buffer.alloc(8);
  header[0] = STREAM[stream];
  header.writeUInt32BE(length, 4);
  return header;
}

/** Content type of a container's raw or multiplexed output, as clients of this API version know it. */
export function streamContentType(options: { readonly tty: boolean; readonly minor: number }): string {
  return !options.tty && options.minor >= 42 ? "application/vnd.docker.multiplexed-stream" : "application/vnd.docker.raw-stream";
}
