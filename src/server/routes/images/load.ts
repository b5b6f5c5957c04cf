import type { Image } from "../../../engine/index.ts";
import type { Handler } from "../../http/router.ts";
import { uploaded } from "../../http/upload.ts";

/** `unpack`, which Docker does not have, makes the images ready to run at once. */
export const loadImages: Handler = async ({ message, query, signal }, { engine }) => {
  const images = await engine.images.load(uploaded(message), { signal, unpack: query.flag("unpack") });
  return { kind: "json-lines", values: loadedMessages(images) };
};

/** What Docker's clients are told of images that were loaded. */
export async function* loadedMessages(images: readonly Image[]): AsyncGenerator {
  for (const image of images) {
    if (image.references.length === 0) yield { stream: `Loaded image ID: ${image.id}\n` };
    for (const reference of image.references) yield { stream: `Loaded image: ${reference}\n` };
  }
}
