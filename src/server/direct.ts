import { Readable } from "node:stream";
import type { ContainerId, Engine } from "../engine/index.ts";
import { checkBody } from "./http/body.ts";
import { errorBody } from "./http/error-body.ts";
import { statusOf } from "./http/status.ts";
import { createByBody } from "./routes/containers/create-by-body.ts";
import { loadedMessages } from "./routes/images/load.ts";
import { createBodySchema } from "./translate/create/create-body.ts";

/** What POST /containers/create does, for a client in the engine's own process. @param body as JSON has it */
export async function createDirectly(engine: Engine, body: unknown, name: string | undefined): Promise<ContainerId> {
  return (await createByBody(engine, checkBody(body, createBodySchema), { name })).id;
}

/**
 * What POST /images/load does, for a client in the engine's own process: images are large, and need not go through a connection.
 * @returns the answer's body @throws as `answerError` makes it
 */
export async function loadDirectly(
  engine: Engine,
  archive: AsyncIterable<Uint8Array>,
  options: { readonly unpack: boolean; readonly signal?: AbortSignal },
): Promise<Readable> {
  try {
    const messages = await Array.fromAsync(loadedMessages(await engine.images.load(archive, options)));
    return Readable.from(messages.map((message) => Buffer.from(`${JSON.stringify(message)}\n`)));
  } catch (error) {
    throw answerError(error);
  }
}

/** An error of the engine as Docker's clients get it: `statusCode` and `json` are those of the answer. */
export function answerError(error: unknown): Error {
  const [statusCode, json] = [statusOf(error), errorBody(error)];
  return Object.assign(new Error(`(HTTP code ${statusCode}) ${json.message}`, { cause: error }), { statusCode, json });
}
