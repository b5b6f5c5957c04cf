import type Docker from "dockerode";
import type { ContainerHost } from "../container-host/container-host.ts";
import { ifThere } from "../container-host/host-error.ts";

/** What the engine knows of an image, or undefined when it has none of that reference or id. */
export function inspectImage(host: ContainerHost, lookup: string): Promise<Docker.ImageInspectInfo | undefined> {
  return ifThere(host.getImage(lookup).inspect());
}

/** Engines call an image by its config's digest; those that keep images in a containerd store by its manifest's. */
export function isImage({ Id }: { readonly Id: string }, { imageId, digest }: { readonly imageId: string; readonly digest: string }): boolean {
  return Id === imageId || Id === digest;
}
