import { Readable } from "node:stream";
import { type TarInput, writeTar } from "../../../system/tar/index.ts";

/** Sends an archive to an engine. What goes wrong while it is made is thrown as it is: the engine only knows that the archive broke off. */
export async function sendTar<T>(entries: AsyncIterable<TarInput> | Iterable<TarInput>, send: (tar: NodeJS.ReadableStream) => Promise<T>): Promise<T> {
  let failure: { readonly error: unknown } | undefined;
  async function* tar() {
    try {
      yield* writeTar(entries);
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  try {
    return await send(Readable.from(tar(), { objectMode: false }));
  } catch (error) {
    throw failure ? failure.error : error;
  }
}
