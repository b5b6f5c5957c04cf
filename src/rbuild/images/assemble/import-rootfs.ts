import { RbuildError } from "../../../system/index.ts";
import type { TarInput } from "../../../system/tar/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { noSpace, saysFull } from "../no-space.ts";
import { readEngineMessages } from "./engine-messages.ts";
import { sendTar } from "./send-tar.ts";

/** Makes a root file system an image of the engine's. @throws RbuildError `image.import-failed`, `image.no-space`, and whatever the entries throw */
export async function importRootfs(host: ContainerHost, entries: AsyncIterable<TarInput> | Iterable<TarInput>, reference: string): Promise<void> {
  const colon = reference.lastIndexOf(":");
  await sendTar(entries, async (tar) => {
    const answer = await host.importImage(tar, { repo: reference.slice(0, colon), tag: reference.slice(colon + 1) });
    for await (const { error } of readEngineMessages(answer as AsyncIterable<Uint8Array>)) {
      if (error !== undefined) throw importFailed(reference, error);
    }
  });
}

function importFailed(reference: string, error: string): RbuildError {
  if (saysFull(error)) return noSpace(`import ${reference}`);
  return new RbuildError("image.import-failed", `the engine could not import ${reference}: ${error}`, { hint: "rbuild doctor" });
}
