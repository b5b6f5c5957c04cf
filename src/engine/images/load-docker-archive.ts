import { type Descriptor, type ImageConfig, MAX_CONFIG_BYTES, MEDIA_TYPE, OciFormatError, parseImageConfig } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import type { ArchiveFiles, StoredFile } from "./archive-files.ts";
import { createManifest } from "./create-image.ts";
import { type DockerManifest, parseDockerManifest, repoTags } from "./docker-manifest.ts";
import { imageInvalid } from "./image-errors.ts";
import type { LoadedImage } from "./load-archive.ts";

const LAYER_TYPE: Partial<Record<StoredFile["compression"], string>> = { none: MEDIA_TYPE.layer, gzip: MEDIA_TYPE.layerGzip, zstd: MEDIA_TYPE.layerZstd };

/** An archive of Docker's before version 25: config and layers without an OCI manifest. The config stays as it is, and so does the image's id. */
export async function loadDockerArchive(files: ArchiveFiles, content: ContentStore): Promise<readonly LoadedImage[]> {
  const document = files.document("manifest.json");
  if (document === undefined) throw imageInvalid("the archive", "it has neither index.json nor manifest.json");
  try {
    const loaded: LoadedImage[] = [];
    for (const item of parseDockerManifest(document)) loaded.push({ manifest: await manifestFor(item, files, content), references: repoTags(item) });
    return loaded;
  } catch (error) {
    throw error instanceof OciFormatError ? imageInvalid("the archive", error.message, error) : error;
  }
}

async function manifestFor(item: DockerManifest[number], files: ArchiveFiles, content: ContentStore): Promise<Descriptor> {
  const { digest, size } = files.blob(item.Config);
  const config = parseImageConfig(await content.read(digest, MAX_CONFIG_BYTES));
  const layers = item.Layers.map((path) => files.blob(path));
  layers.forEach((layer, index) => checkLayer(layer, config, index));
  return createManifest(content, {
    config,
    configDescriptor: { mediaType: MEDIA_TYPE.config, digest, size },
    layers: layers.map(({ compression, digest: layer, size: bytes }, index) => ({ mediaType: layerType(compression, index), digest: layer, size: bytes })),
  });
}

function layerType(compression: StoredFile["compression"], index: number): string {
  const mediaType = LAYER_TYPE[compression];
  if (mediaType === undefined) throw imageInvalid("the archive", `its layer ${index} is compressed with ${compression}; images have layers in gzip and zstd`);
  return mediaType;
}

/** A compressed layer is checked when it is unpacked. */
function checkLayer(layer: StoredFile, config: ImageConfig, index: number): void {
  const expected = config.rootfs.diff_ids[index];
  if (layer.compression !== "none" || expected === undefined || layer.digest === expected) return;
  throw new RbuildError("layer.diff-id-mismatch", `layer ${index} of the archive is ${layer.digest}; its config says ${expected}`, {
    category: "untrusted",
    hint: "do not use this image; get it again",
    details: { expected, actual: layer.digest },
  });
}
