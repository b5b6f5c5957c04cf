import type Docker from "dockerode";
import type { ContainerHost } from "../container-host/container-host.ts";

/** What the engine knows of an image, or undefined when it has none of that reference or id. */
export async function inspectImage(host: ContainerHost, lookup: string): Promise<Docker.ImageInspectInfo | undefined> {
  try {
    return await host.getImage(lookup).inspect();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** Engines call an image by its config's digest; those that keep images in a containerd store by its manifest's. */
export function isImage({ Id }: { readonly Id: string }, { imageId, digest }: { readonly imageId: string; readonly digest: string }): boolean {
  return Id === imageId || Id === digest;
}
