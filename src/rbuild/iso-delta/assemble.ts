import type { FileHandle } from "node:fs/promises";
import { codecFor, pack } from "./coder.ts";
import { FormReader } from "./form-reader.ts";
import { readerOf } from "./read-at.ts";
import type { Recipe, Step } from "./recipe.ts";

const COPY_BYTES = 1024 * 1024;

/** A block came out otherwise than where the delta was made. */
export class OtherBlock extends Error {
  readonly coder: number;

  constructor(coder: number) {
    super(`coder ${coder} makes other blocks here`);
    this.coder = coder;
  }
}

/**
 * The new ISO, piece by piece.
 * @param form what the delta's frame makes
 * @throws OtherBlock; RangeError when the form or the old ISO ends too early, or the form goes on
 */
export async function* assemble(
  recipe: Pick<Recipe, "coders" | "steps">,
  iso: FileHandle,
  form: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const read = readerOf(iso);
  await using content = new FormReader(form);
  for (const step of recipe.steps) {
    signal?.throwIfAborted();
    if (step.kind === "pack") {
      yield packed(step, await content.take(step.content), recipe.coders);
      continue;
    }
    for (let done = 0; done < step.length; done += COPY_BYTES) {
      const length = Math.min(COPY_BYTES, step.length - done);
      yield step.kind === "copy" ? await read(step.offset + done, length) : await content.take(length);
    }
  }
  await content.finish();
}

function packed(step: Extract<Step, { kind: "pack" }>, content: Buffer, coders: Recipe["coders"]): Buffer {
  const settings = coders[step.coder];
  const codec = settings && codecFor(settings.kind);
  const block = codec && pack(content, settings, codec);
  if (block?.byteLength !== step.length) throw new OtherBlock(step.coder);
  return block;
}
