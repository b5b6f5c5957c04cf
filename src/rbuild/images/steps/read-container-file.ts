import type Docker from "dockerode";
import { RbuildError } from "../../../system/index.ts";
import { readTar } from "../../../system/tar/index.ts";
import { ifThere } from "../../container-host/host-error.ts";

const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** A regular file of a container that need not run, or undefined when it has none of that path. Absolute or relative to the root. */
export async function readContainerFile(container: Docker.Container, path: string): Promise<Buffer | undefined> {
  const absolute = path.startsWith("/") ? path : `/${path}`;
  const archive = await ifThere(container.getArchive({ path: absolute }));
  if (!archive) return undefined;
  let found: Buffer | undefined;
  for await (const entry of readTar(archive as AsyncIterable<Uint8Array> & NodeJS.ReadableStream)) {
    if (entry.kind !== "file" || found) continue;
    if (entry.size > MAX_FILE_BYTES)
      throw new RbuildError("image.file-too-large", `${absolute} of the image has ${entry.size} bytes; at most ${MAX_FILE_BYTES} are read`);
    found = Buffer.concat(await Array.fromAsync(entry.body));
  }
  return found;
}

/** Whether a container's file system has something at a path. */
export async function isInContainer(container: Docker.Container, path: string): Promise<boolean> {
  return (await ifThere(container.infoArchive({ path }).then(() => true))) ?? false;
}
