import {
  type Descriptor,
  type Digest,
  hostPlatform,
  isIndexMediaType,
  isManifestMediaType,
  MAX_MANIFEST_BYTES,
  OciFormatError,
  parseIndex,
  referenceText,
  withDefaultTag,
} from "../../oci/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import { parseDockerManifest, repoTags } from "./docker-manifest.ts";
import { tryParse } from "./image-catalog.ts";
import { imageIncomplete, imageInvalid } from "./image-errors.ts";
import { REF_NAME } from "./image-index.ts";
import type { LoadedImage } from "./load-archive.ts";
import { openImage } from "./open-image.ts";

/** Where containerd, and so Docker since version 25, keeps the whole name; it keeps the tag alone in the OCI one. */
export const CONTAINERD_NAME = "io.containerd.image.name";
const MAX_DEPTH = 3;

/** An OCI image layout in an archive: OCI image-spec, image-layout.md. Of an image for several platforms the host's is taken. */
export async function loadOciArchive(files: ArchiveFiles, content: ContentStore): Promise<readonly LoadedImage[]> {
  try {
    const index = parseIndex(files.document("index.json") ?? Buffer.alloc(0));
    const dockerNames = namesByConfig(files);
    const loaded: LoadedImage[] = [];
    for (const descriptor of index.manifests) {
      const manifest = await manifestOf(descriptor, content, MAX_DEPTH);
      if (manifest === undefined) continue;
      const image = await openImage(content, manifest);
      for (const layer of image.manifest.layers) {
        if ((await content.stat(layer.digest))?.size !== layer.size) throw imageIncomplete("the archive", layer.digest);
      }
      loaded.push({ manifest: withPlatform(manifest, image.platform), references: namesOf(descriptor) ?? dockerNames.get(image.id) ?? [] });
    }
    return loaded;
  } catch (error) {
    throw error instanceof OciFormatError ? imageInvalid("the archive", error.message, error) : error;
  }
}

/** Follows indexes down to the manifest for this host; undefined for what is no image, such as a signature or an attestation. */
async function manifestOf(descriptor: Descriptor, content: ContentStore, depth: number): Promise<Descriptor | undefined> {
  if (isManifestMediaType(descriptor.mediaType)) return descriptor.platform?.os === "unknown" ? undefined : descriptor;
  if (!isIndexMediaType(descriptor.mediaType)) return undefined;
  if (depth === 0) throw imageInvalid("the archive", "its indexes lie in each other too deeply");
  const { manifests } = parseIndex(await content.read(descriptor.digest, MAX_MANIFEST_BYTES));
  const images = manifests.filter(({ platform }) => platform?.os !== "unknown");
  const host = hostPlatform();
  const fitting =
    images.find(({ platform }) => platform?.os === host.os && platform.architecture === host.architecture) ?? (images.length === 1 ? images[0] : undefined);
  if (fitting === undefined) throw imageInvalid(`the image ${descriptor.digest}`, `it has nothing for ${host.os}/${host.architecture}`);
  return manifestOf(fitting, content, depth - 1);
}

function withPlatform(manifest: Descriptor, platform: Descriptor["platform"]): Descriptor {
  const { mediaType, digest, size } = manifest;
  return { mediaType, digest, size, ...(platform === undefined ? {} : { platform }) };
}

/** Undefined when the descriptor has no name, or only a tag. */
function namesOf({ annotations }: Descriptor): readonly string[] | undefined {
  const text = annotations?.[CONTAINERD_NAME] ?? annotations?.[REF_NAME];
  const isName = text !== undefined && (annotations?.[CONTAINERD_NAME] !== undefined || /[:/]/.test(text));
  const reference = isName ? tryParse(text) : undefined;
  return reference && [referenceText(withDefaultTag(reference))];
}

/** Names in the docker-archive's table, where an archive has both. */
function namesByConfig(files: ArchiveFiles): ReadonlyMap<Digest, readonly string[]> {
  const document = files.document("manifest.json");
  if (document === undefined) return new Map();
  return new Map(parseDockerManifest(document).map((item) => [files.blob(item.Config).digest, repoTags(item)]));
}
