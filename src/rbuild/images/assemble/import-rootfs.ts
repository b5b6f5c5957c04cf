import { RbuildError } from "../../../system/index.ts";
import type { TarInput } from "../../../system/tar/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { readEngineMessages } from "./engine-messages.ts";
import { sendTar } from "./send-tar.ts";

/** Makes a root file system an image of the engine's. @throws RbuildError `image.import-failed`, and whatever the entries throw */
export async function importRootfs(host: ContainerHost, entries: AsyncIterable<TarInput>, reference: string): Promise<void> {
  const colon = reference.lastIndexOf(":");
  await sendTar(entries, async (tar) => {
    const answer = await host.importImage(tar, { repo: reference.slice(0, colon), tag: reference.slice(colon + 1) });
    for await (const { error } of readEngineMessages(answer as AsyncIterable<Uint8Array>)) {
      if (error !== undefined) throw importFailed(reference, error);
    }
  });
}

function importFailed(reference: string, error: string): RbuildError {
  const isFull = /no space left on device/i.test(error);
  return new RbuildError(isFull ? "image.no-space" : "image.import-failed", `the engine could not import ${reference}: ${error}`, {
    category: isFull ? "unavailable" : "failed",
    hint: isFull ? "make room where the container engine keeps its state; rbuild engine gc frees what nothing needs" : "rbuild doctor",
  });
}
