import type { ContainerHost } from "../container-host/container-host.ts";
import type { RbuildReport } from "../events.ts";
import type { SourceChoice } from "../pool/sources.ts";
import type { ImageIdentity } from "./identify-image.ts";

export interface ImageDependencies {
  readonly containerHost: ContainerHost;
  /** Directories with image definitions, first wins. */
  readonly imageDirectories: readonly string[];
  readonly report: RbuildReport;
  /** Lasting state of the domain: the pool, and what images were built from. */
  readonly stateDirectory: string;
}

export interface ImageBuildOptions {
  readonly name: string;
  /** Where packages that the pool lacks may come from; default: the mirrors of definitions, RBUILD_MIRROR and the host. */
  readonly sources?: SourceChoice;
  /** Nothing is fetched: a package that the pool lacks is an error. */
  readonly offline?: boolean;
  /** Build again although an image of this definition is there. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
}

/** A definition's image as it was built, the same on every machine. */
export interface BuiltImage {
  readonly name: string;
  readonly version: string;
  /** `rbuild/<name>:<version>`, the tag it has in the engine. */
  readonly reference: string;
  /** Digest of the OCI manifest. */
  readonly digest: string;
  /** Digest of the config: what every engine calls the image's id. */
  readonly imageId: string;
  /** Bytes of all layers, uncompressed. */
  readonly size: number;
}

/** Content of `images/<name>/image.pin.json`. */
export interface ImagePin {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly digest: string;
  readonly imageId: string;
}

/** What the pin check found. */
export type PinVerdict =
  | { readonly kind: "exact"; readonly pin: ImagePin }
  | { readonly kind: "absent"; readonly pin: ImagePin }
  | { readonly kind: "different"; readonly pin: ImagePin; readonly found: ImageIdentity }
  | { readonly kind: "unpinned"; readonly name: string };

export type ImageListing =
  | {
      readonly name: string;
      readonly version: string;
      readonly directory: string;
      readonly pin: ImagePin | undefined;
      readonly verdict: PinVerdict["kind"];
    }
  | BrokenListing;

/** Of a definition or pin that is not right. */
export interface BrokenListing {
  readonly name: string;
  readonly verdict: "broken";
  readonly code: string;
  readonly message: string;
}

/** Mirrors of a repository of signed images. */
export interface RepositoryChoice {
  /** URLs, directories, bundles; best first. */
  readonly places: readonly string[];
  /** Directory of the roots: `keys` of the checkout. Without a root nobody is asked. */
  readonly keys: string;
  /** Named for this command: what looks like an attack ends it. */
  readonly isExplicit: boolean;
  /** Independent rebuilders who must have got the same image, where that is more than the root wants: each of these counts. */
  readonly quorum?: readonly (number | "all")[];
}

export interface EnsureImageOptions {
  readonly name: string;
  /** Where packages that the pool lacks may come from; default: the mirrors of definitions, RBUILD_MIRROR and the host. */
  readonly sources?: SourceChoice;
  /** Nothing is fetched. */
  readonly offline?: boolean;
  /** Where the pinned image may be had before it is built from its lock. */
  readonly repositories?: RepositoryChoice;
  /** Go on with an image that is not the pinned one. */
  readonly allowMismatch?: boolean;
  readonly signal?: AbortSignal;
}

/** An image that may be used: make containers from `imageId`, which is what this engine calls it. */
export type EnsuredImage =
  | { readonly kind: "exact"; readonly how: "present" | "fetched" | "reproduced"; readonly pin: ImagePin; readonly reference: string; readonly imageId: string }
  /** Used because of `allowMismatch`; nothing made with it may be published. */
  | { readonly kind: "overridden"; readonly reason: string; readonly pin: ImagePin | undefined; readonly reference: string; readonly imageId: string };
