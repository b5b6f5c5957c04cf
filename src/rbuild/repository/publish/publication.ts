import type { Clock } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import type { RbuildReport } from "../../events.ts";
import type { SourceChoice } from "../../pool/sources.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import type { Signer } from "../../trust/index.ts";
import type { Promotion } from "./channels.ts";
import type { Encodings } from "./encode-blob.ts";
import type { PublishedState } from "./published-state.ts";

export interface PublishOptions {
  /** The repository, made unless it is there. */
  readonly directory: string;
  /** Images; default all that are defined, or none where there are promotions. */
  readonly names: readonly string[];
  /** That new images enter. Images that are there already stay in theirs. */
  readonly channel: string;
  readonly promotions: readonly Promotion[];
  readonly encodings: Encodings;
  /** From so many earlier versions there are deltas to a new one. */
  readonly deltas: number;
  /** Versions that stay of each image; default all. */
  readonly keep?: number;
  /** Also the packages that the images are built from; where they come from. */
  readonly pool?: { readonly sources: SourceChoice; readonly offline?: boolean };
  /** How long freshness and index may be believed, and how long that must be at least. Days. */
  readonly life: { readonly freshness: number; readonly index: number; readonly atLeast: number };
  /** Freshness alone. */
  readonly renew?: boolean;
  /** Hash what is there instead of comparing sizes. */
  readonly verify?: boolean;
  /** Go on from a copy that is behind what was published: with numbers beyond those, but without what they had. */
  readonly isOldCopyWanted?: boolean;
  readonly signal?: AbortSignal;
}

export interface PublishDependencies {
  /** Of the checkout's `keys/`. */
  readonly roots: readonly TrustedRoot[];
  readonly imageDirectories: readonly string[];
  readonly stateDirectory: string;
  readonly report: RbuildReport;
  readonly clock: Clock;
  /** Asked only when an image is new. */
  readonly openHost: () => Promise<ContainerHost>;
  /** What the public repository shows, where somebody wants that compared. */
  readonly askPublic?: () => Promise<Pick<PublishedState, "freshness"> & { readonly source: string }>;
  /** Asked only when something must be signed. */
  readonly openSigners: () => Promise<readonly Signer[]>;
}

/** `repaired`: its files were missing or damaged and have been put back. */
export type ImageState = "new" | "present" | "repaired";

export interface ImageOutcome {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly digest: string;
  readonly state: ImageState;
}

export interface FileOutcome {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

interface DeltaOutcome extends FileOutcome {
  readonly from: string;
  readonly to: string;
}

export interface PublishOutcome {
  /** `renewed`: freshness alone; `repaired`: files alone, nothing new was signed. */
  readonly kind: "published" | "renewed" | "repaired" | "unchanged";
  readonly directory: string;
  readonly repository: string;
  /** Versions that clients now find. */
  readonly index: number;
  readonly freshness: number;
  /** Until when clients believe that this is the newest, if nothing else is published; and what ends then. */
  readonly until: string;
  readonly images: readonly ImageOutcome[];
  readonly deltas: readonly DeltaOutcome[];
  readonly written: readonly FileOutcome[];
  readonly removed: readonly FileOutcome[];
  /** Versions of images that the index names no more. */
  readonly retired: readonly { readonly name: string; readonly version: string; readonly architecture: string }[];
}

/** What a publication would do. Sizes of what must be compressed first are not known. */
export interface PublishPlan {
  readonly kind: "planned";
  readonly directory: string;
  readonly would: "publish" | "renew" | "repair" | "nothing";
  readonly images: readonly (ImageOutcome & {
    /** Bytes of its layers, uncompressed, and digests of those that the repository lacks; of images that are not present. */
    readonly size?: number;
    readonly layers?: readonly string[];
  })[];
  readonly retired: PublishOutcome["retired"];
}
