import type { Image } from "../../../engine/index.ts";
import type { Handler } from "../../http/router.ts";

/** The engine reads plain, gzip and zstd archives itself. */
export const loadImages: Handler = async ({ message, signal }, { engine }) => {
  const images = await engine.images.load(message as AsyncIterable<Uint8Array>, { signal });
  return { kind: "json-lines", values: loaded(images) };
};

async function* loaded(images: readonly Image[]): AsyncGenerator {
  for (const image of images) {
    if (image.references.length === 0) yield { stream: `Loaded image ID: ${image.id}\n` };
    for (const reference of image.references) yield { stream: `Loaded image: ${reference}\n` };
  }
}
