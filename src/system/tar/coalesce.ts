/** A piece this large goes on as it is. */
const LARGE = 16 * 1024;
const TARGET = 64 * 1024;

/** The same bytes in fewer chunks: small ones are joined up to 64 KiB, large ones pass without a copy. */
export async function* coalesce(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    if (size > 0 && (chunk.byteLength >= LARGE || size + chunk.byteLength > TARGET)) {
      yield Buffer.concat(pending, size);
      pending = [];
      size = 0;
    }
    if (chunk.byteLength >= LARGE) yield chunk;
    else if (chunk.byteLength > 0) {
      pending.push(chunk);
      size += chunk.byteLength;
    }
  }
  if (size > 0) yield Buffer.concat(pending, size);
}
