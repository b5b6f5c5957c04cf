import { Readable } from "node:stream";
import { type TarInput, writeTar } from "../../../system/tar/index.ts";

/** Sends an archive to an engine. What goes wrong while it is made is thrown as it is: the engine only knows that the archive broke off. */
export async function sendArchive<T>(archive: AsyncIterable<Uint8Array>, send: (tar: NodeJS.ReadableStream) => Promise<T>): Promise<T> {
  let failure: { readonly error: unknown } | undefined;
  async function* watched() {
    try {
      yield* archive;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  try {
    return await send(Readable.from(watched(), { objectMode: false }));
  } catch (error) {
    throw failure ? failure.error : error;
  }
}

export function sendTar<T>(entries: AsyncIterable<TarInput> | Iterable<TarInput>, send: (tar: NodeJS.ReadableStream) => Promise<T>): Promise<T> {
  return sendArchive(writeTar(entries), send);
}
