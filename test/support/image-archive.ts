import { gzipSync } from "node:zlib";
import { type ChainId, chainIds, digestHex, digestOf, MEDIA_TYPE, parseImageConfig } from "../../src/oci/index.ts";
import type { TarInput } from "../../src/system/index.ts";
import { file, tarOf } from "./tar-entries.ts";

interface ArchiveOptions {
  /** Manifest and config come after the layers. */
  readonly isLast?: boolean;
  readonly isCompressed?: boolean;
  /** What the archive has in the place of the layers. */
  readonly stored?: readonly Buffer[];
  /** Its name. */
  readonly reference?: string;
}

const bytes = (path: string, content: Uint8Array): TarInput => ({ ...file(path, "", { size: content.byteLength }), body: [content] });
const blob = (content: Uint8Array) => bytes(`blobs/sha256/${digestHex(digestOf(content))}`, content);
const described = (mediaType: string, content: Uint8Array) => ({ mediaType, digest: digestOf(content), size: content.byteLength });

/** An image of these layers as an OCI archive. */
export async function imageArchive(
  layers: readonly Buffer[],
  { isLast = false, isCompressed = false, stored = layers, reference }: ArchiveOptions = {},
): Promise<{ readonly archive: Buffer; readonly chain: readonly ChainId[] }> {
  const diffIds = layers.map((layer) => digestOf(layer));
  const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: diffIds } }));
  const kept = isCompressed ? layers.map((layer) => gzipSync(layer)) : layers;
  const type = isCompressed ? MEDIA_TYPE.layerGzip : MEDIA_TYPE.layer;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: described(MEDIA_TYPE.config, config),
      layers: kept.map((layer) => described(type, layer)),
    }),
  );
  const named = reference === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": reference } };
  const index = JSON.stringify({ schemaVersion: 2, manifests: [{ ...described(MEDIA_TYPE.manifest, manifest), ...named }] });
  const documents = [blob(manifest), blob(config)];
  const files = (isCompressed ? kept : stored).map((layer, at) => bytes(`blobs/sha256/${digestHex(digestOf(kept[at] as Buffer))}`, layer));
  const archive = await tarOf([file("index.json", index), ...(isLast ? [...files, ...documents] : [...documents, ...files])]);
  return { archive, chain: chainIds(parseImageConfig(config).rootfs.diff_ids) };
}
