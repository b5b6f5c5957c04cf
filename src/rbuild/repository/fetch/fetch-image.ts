import { withStep } from "../../../make-runner/index.ts";
import { type Digest, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES } from "../../../oci/index.ts";
import { isRbuildError } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { loadImage } from "../../images/assemble/load-image.ts";
import { openBlob, type SavedBlob, type StreamedBlob } from "../../images/assemble/saved-blobs.ts";
import { identifyImage, isSameImage } from "../../images/identify-image.ts";
import { inspectImage } from "../../images/inspect-image.ts";
import { imageReference } from "../../images/present-image.ts";
import { Received, type SourceBytes } from "../../pool/received.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import type { Quorum, QuorumCount } from "../../trust/verdicts/quorum.ts";
import { checkImage } from "./check-image.ts";
import { checkQuorum } from "./check-quorum.ts";
import { presentLayers, takesPartial } from "./engine-layers.ts";
import { openFetchPlace } from "./fetch-place.ts";
import { type FromPackages, poolsOf } from "./from-packages.ts";
import { type BlobContext, NOTHING_PRESENT, obtainBlobs } from "./obtain-blobs.ts";
import type { OpenRepository, RepositoryDependencies } from "./open-repository.ts";
import { type PredictedBytes, predictBytes } from "./predict-bytes.ts";
import { untrusted } from "./refusals.ts";
import { type ImageChoice, type PublishedImage, selectImage } from "./select-image.ts";

export interface FetchDependencies extends RepositoryDependencies {
  readonly containerHost: ContainerHost;
  /** Rebuilders who must have got the same, where that is more than the root wants. */
  readonly quorum?: readonly Quorum[];
  /** The other way to the image that the choice pins, for where it takes far fewer bytes. */
  readonly packages?: FromPackages;
}

export interface FetchedImage {
  readonly name: string;
  readonly version: string;
  readonly reference: string;
  /** Of the manifest. */
  readonly digest: Digest;
  readonly imageId: Digest;
  readonly how: "present" | "delta" | "full" | "packages";
  /** That came from the repository and were used; of `packages`, those that were missing. */
  readonly bytes: number;
  /** That came and were of no use: not what they should be, or of a delta that failed. */
  readonly discarded: number;
  /** Of all layers. */
  readonly size: number;
  /** Who gave most of the bytes; where none came, whose index names the image. */
  readonly source: string;
  /** Who gave the bytes, most first. */
  readonly sources: readonly SourceBytes[];
  /** What rebuilders say of it; absent where the root names none. */
  readonly rebuilders?: QuorumCount;
  /** Why it came that way; absent where it was there. */
  readonly predicted?: PredictedBytes;
}

/**
 * Brings an image of a repository into the engine: exactly as the signed index has it, or not at all. Until all of it is verified it is in
 * a directory of its own that nothing else reads.
 * @throws RbuildError those of `selectImage`, `checkQuorum`, `obtainBlobs`, `checkImage`, `loadImage`
 */
export async function fetchImage(choice: ImageChoice, repository: OpenRepository, dependencies: FetchDependencies): Promise<FetchedImage> {
  const { containerHost: host, report, stateDirectory, signal } = dependencies;
  return withStep(report, { name: "image.fetch", subject: choice.name }, async (step) => {
    const image = selectImage(choice, repository);
    const { name, version } = image;
    const [digest, imageId, reference] = [image.manifest, image.config, imageReference(image)];
    const index = obtainable(repository);
    const size = sizeOf(image.layers, index);
    const rebuilders = await checkQuorum(image, repository, dependencies.quorum ?? [], dependencies);
    const said = { source: repository.source, sources: [], discarded: 0, ...(rebuilders ? { rebuilders } : {}) };
    const named = { name, version, reference, digest, imageId, size, ...said };
    const found = await inspectImage(host, reference);
    if (found && isSameImage(await identifyImage(found, { digest, imageId }, dependencies), { digest, imageId })) return { ...named, how: "present", bytes: 0 };

    const [present, mayStay] = await Promise.all([presentLayers(host, index), takesPartial(host)]);
    const missing = choice.pin?.digest === digest && isRemote(repository) ? await dependencies.packages?.missing() : undefined;
    const { predicted, way } = predictBytes(image, present.sizes, index, missing);
    report({ kind: "image.planned", name, version, way, predicted });
    if (way === "packages" && missing && (await builtFromPackages(image, repository, dependencies)))
      return { ...named, how: "packages", bytes: missing.size, predicted };

    await using place = await openFetchPlace(stateDirectory, report, signal);
    const received = new Received();
    const context: BlobContext = { ...dependencies, index, sources: repository.sources, place, received };
    const described = await obtainDescription(image, context);
    const blobs = checkImage(image, described, index);
    const load = async (options: { readonly mayStay: boolean }) => {
      const layers = await obtainBlobs(image.layers, { ...present.in(place, signal), ...options }, context);
      const files = image.layers.flatMap((layer) => layers.blobs.get(layer) ?? []);
      signal?.throwIfAborted();
      await loadImage(blobs, files, reference, { host, report, parentStep: step.id, unpack: true, ...(signal ? { signal } : {}) });
      return layers;
    };
    const layers = await load({ mayStay }).catch((error: unknown) => {
      signal?.throwIfAborted();
      // The engine lacks one after all: it has it compressed alone, or somebody removed it meanwhile.
      if (mayStay && !isRbuildError(error)) return load({ mayStay: false });
      throw error;
    });
    await place.forget([...described.items, ...layers.items]);
    const how = layers.isDelta ? "delta" : "full";
    const { bytes, sources, discarded } = received;
    const came = { how, bytes, discarded, size, source: sources[0]?.source ?? repository.source, sources } as const;
    report({ kind: "image.fetched", name, version, digest, ...came });
    return { ...named, ...came, predicted };
  });
}

/** The index with the files alone that its places may have. */
function obtainable({ verdict: { index }, mayHave }: OpenRepository): RepositoryIndex {
  const blobs = index.blobs.map(({ plain, encodings, ...blob }) => ({
    ...blob,
    ...(plain && mayHave(plain.path) ? { plain } : {}),
    encodings: encodings.filter(({ path }) => mayHave(path)),
  }));
  return { ...index, blobs, deltas: index.deltas.filter(({ path }) => mayHave(path)) };
}

async function obtainDescription(image: PublishedImage, context: BlobContext) {
  const [manifest, config] = [image.manifest, image.config];
  for (const [digest, limit] of [[manifest, MAX_MANIFEST_BYTES] as const, [config, MAX_CONFIG_BYTES] as const]) {
    const size = sizeOf([digest], context.index);
    if (size > limit) throw untrusted("trust.too-large", `${image.name} ${image.version} has a manifest or config of ${size} bytes; ${limit} are allowed`);
  }
  const { blobs, items } = await obtainBlobs([manifest, config], NOTHING_PRESENT, context);
  const read = async (digest: Digest) => new Uint8Array(Buffer.concat(await Array.fromAsync(openBlob(blobs.get(digest) as SavedBlob | StreamedBlob))));
  return { manifest: await read(manifest), config: await read(config), items };
}

/** Bytes of directories and bundles cost nothing. */
const isRemote = ({ sources }: OpenRepository): boolean => sources.every(({ kind }) => kind === "mirror");

/** False, and a warning says why, when it cannot be built after all. */
async function builtFromPackages({ name, version }: PublishedImage, { sources }: OpenRepository, dependencies: FetchDependencies): Promise<boolean> {
  try {
    await dependencies.packages?.build(poolsOf(sources));
    return true;
  } catch (error) {
    dependencies.signal?.throwIfAborted();
    if (!isRbuildError(error)) throw error;
    const message = `${name} ${version} is fetched as layers, because it cannot be built from changed packages: ${error.message}`;
    dependencies.report({ kind: "warning.raised", code: error.code, message, ...(error.hint === undefined ? {} : { hint: error.hint }) });
    return false;
  }
}

function sizeOf(digests: readonly Digest[], index: BlobContext["index"]): number {
  const sizes = new Map(index.blobs.map(({ digest, size }) => [digest, size]));
  return digests.reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0);
}
