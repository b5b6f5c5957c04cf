import type { Descriptor } from "../../oci/index.ts";
import { isRbuildError } from "../../system/index.ts";
import type { ByteStream, ContentStore } from "../content/content-store.ts";
import { decompress } from "../content/decompress.ts";
import { ArchiveFiles } from "./archive-files.ts";
import { imageInvalid } from "./image-errors.ts";
import { loadDockerArchive } from "./load-docker-archive.ts";
import { loadOciArchive } from "./load-oci-archive.ts";

/** An image whose blobs are in the store, and the names its archive gives it. */
export interface LoadedImage {
  readonly manifest: Descriptor;
  readonly references: readonly string[];
}

/**
 * Reads what `docker save` of any version, `rbuild image`, podman, skopeo or buildkit wrote, plain or compressed. Manifests and layers stay
 * as they are, so their digests do; only an archive that has no manifest gets one.
 * @param options `ingest` stores the archive's files in the place of `content`
 * @throws RbuildError `image.invalid`, `image.incomplete`, `tar.*`, `content.*`
 */
export async function loadArchive(
  archive: ByteStream,
  content: ContentStore,
  { ingest = content, ...options }: { readonly signal?: AbortSignal; readonly ingest?: Pick<ContentStore, "ingest"> },
): Promise<readonly LoadedImage[]> {
  const files = await readFiles(decompress(archive, options), ingest, options);
  const loaded = files.document("index.json") ? await loadOciArchive(files, content) : await loadDockerArchive(files, content);
  if (loaded.length === 0) throw imageInvalid("the archive", "it has no image in it");
  return loaded;
}

async function readFiles(archive: ByteStream, content: Pick<ContentStore, "ingest">, options: { readonly signal?: AbortSignal }): Promise<ArchiveFiles> {
  try {
    return await ArchiveFiles.read(archive, content, options);
  } catch (error) {
    if (isRbuildError(error, "tar.malformed")) throw imageInvalid("the archive", error.message, error);
    throw error;
  }
}
