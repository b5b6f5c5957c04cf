import { Readable } from "node:stream";
import { withStep } from "../../../make-runner/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { inspectImage, isImage } from "../inspect-image.ts";
import { noSpace, saysFull } from "../no-space.ts";
import { readEngineMessages } from "./engine-messages.ts";
import { writeImageArchive } from "./image-archive.ts";
import type { ImageBlobs } from "./image-blobs.ts";
import type { SavedBlob, StreamedBlob } from "./saved-blobs.ts";

type LoadWorkspace = Pick<BuildWorkspace, "host" | "report" | "parentStep" | "signal">;

const PROGRESS_BYTES = 4 * 1024 * 1024;

/**
 * Gives an image to the engine, under `reference`, and asks it back. A layer that turns out to be another while it is read breaks the
 * archive off, so the engine has no image then.
 * With `unpack` an engine of rbuild's makes it ready to run meanwhile; others do not know the word, and unpack anyway.
 * @throws RbuildError `image.load-failed`, `image.no-space`, and what reading the layers throws
 */
export async function loadImage(
  image: ImageBlobs,
  layers: readonly (SavedBlob | StreamedBlob)[],
  reference: string,
  workspace: LoadWorkspace & { readonly unpack?: boolean },
): Promise<void> {
  const { host, report, parentStep, signal, unpack } = workspace;
  await withStep(report, { name: "image.load", subject: reference, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
    let failure: { readonly error: unknown } | undefined;
    async function* archive() {
      let [done, told] = [0, 0];
      try {
        for await (const chunk of writeImageArchive(image, layers, reference)) {
          signal?.throwIfAborted();
          done += chunk.byteLength;
          if (done - told >= PROGRESS_BYTES) {
            told = done;
            step.progress(Math.min(done, image.size), "bytes", image.size);
          }
          yield chunk;
        }
      } catch (error) {
        failure = { error };
        throw error;
      }
    }
    const answer = await host
      .loadImage(Readable.from(archive(), { objectMode: false }), { quiet: 1, ...(unpack ? { unpack: 1 } : {}) })
      .catch((error: unknown) => {
        // The engine only knows that the archive broke off.
        throw failure ? failure.error : error;
      });
    for await (const { error } of readEngineMessages(answer as AsyncIterable<Uint8Array>)) {
      if (error !== undefined && saysFull(error)) throw noSpace(`load ${reference}`);
      if (error !== undefined) throw new RbuildError("image.load-failed", `the engine could not load ${reference}: ${error}`, { hint: "rbuild doctor" });
    }
    const found = await inspectImage(host, reference);
    if (!found || !isImage(found, image)) {
      throw new RbuildError("image.load-failed", `the engine was given ${reference} with the id ${image.imageId} and now calls it ${found?.Id ?? "absent"}`, {
        hint: "rbuild engine fsck",
      });
    }
  });
}
