import { withStep } from "../../../make-runner/index.ts";
import { RbuildError } from "../../../system/index.ts";
import { everyBytes } from "../../every-bytes.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { inspectImage, isImage } from "../inspect-image.ts";
import { noSpace, saysFull } from "../no-space.ts";
import { readEngineMessages } from "./engine-messages.ts";
import { writeImageArchive } from "./image-archive.ts";
import type { ImageBlobs } from "./image-blobs.ts";
import type { SavedBlob, StreamedBlob } from "./saved-blobs.ts";
import { sendArchive } from "./send-tar.ts";

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
    const tell = everyBytes(PROGRESS_BYTES, (bytes) => step.progress(Math.min(bytes, image.size), "bytes", image.size));
    async function* archive() {
      let done = 0;
      for await (const chunk of writeImageArchive(image, layers, reference)) {
        signal?.throwIfAborted();
        tell((done += chunk.byteLength));
        yield chunk;
      }
    }
    await sendArchive(archive(), async (tar) => {
      const answer = await host.loadImage(tar, { quiet: 1, ...(unpack ? { unpack: 1 } : {}), ...(signal ? { abortSignal: signal } : {}) });
      for await (const { error } of readEngineMessages(answer as AsyncIterable<Uint8Array>)) {
        if (error !== undefined && saysFull(error)) throw noSpace(`load ${reference}`);
        if (error !== undefined) throw new RbuildError("image.load-failed", `the engine could not load ${reference}: ${error}`, { hint: "rbuild doctor" });
      }
    });
    const found = await inspectImage(host, reference);
    if (!found || !isImage(found, image)) {
      throw new RbuildError("image.load-failed", `the engine was given ${reference} with the id ${image.imageId} and now calls it ${found?.Id ?? "absent"}`, {
        hint: "rbuild engine fsck",
      });
    }
  });
}
