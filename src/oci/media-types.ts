/** OCI image-spec media types, and the Docker ones that mean the same. */
export const MEDIA_TYPE = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  layerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  layerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

export type LayerCompression = "none" | "gzip" | "zstd";

/** How a layer of this media type is compressed, or undefined when it is not a layer that can be applied. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  switch (mediaType) {
    case MEDIA_TYPE.layer:
    case "application/vnd.docker.image.rootfs.diff.tar":
      return "none";
    case MEDIA_TYPE.layerGzip:
    case MEDIA_TYPE.dockerLayerGzip:
      return "gzip";
    case MEDIA_TYPE.layerZstd:
      return "zstd";
    default:
      return undefined;
  }
}

export function isIndexMediaType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.index || mediaType === MEDIA_TYPE.dockerManifestList;
}

export function isManifestMediaType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.manifest || mediaType === MEDIA_TYPE.dockerManifest;
}
