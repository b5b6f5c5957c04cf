import { RbuildError } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { readEngineMessages } from "./engine-messages.ts";

/** Makes the tar of a root file system an image of the engine's. */
export async function importRootfs(
  host: ContainerHost,
  tar: NodeJS.ReadableStream,
  name: { readonly repository: string; readonly tag: string },
): Promise<void> {
  const answer = await host.importImage(tar, { repo: name.repository, tag: name.tag });
  for await (const { error } of readEngineMessages(answer as AsyncIterable<Uint8Array>)) {
    if (error !== undefined)
      throw new RbuildError("image.import-failed", `the engine could not import ${name.repository}:${name.tag}: ${error}`, { hint: "rbuild doctor" });
  }
}
