import type { Digest } from "../../oci/index.ts";
import type { ImagePin, PinVerdict } from "../images/image-operations.ts";
import type { PackageChange } from "../lock/lock-operations.ts";
import type { ValueDifference } from "./compare-values.ts";

/** What says which packages an image has. */
export type LockVerdict =
  | { readonly kind: "current"; readonly digest: Digest }
  /** `code`: why a build refuses it: `lock.missing`, `lock.stale`, `lock.other-compatibility`, `lock.no-architecture`. `field`, `was` and `is` of a stale one. */
  | {
      readonly kind: "refused";
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
      readonly field?: string;
      readonly was?: string;
      readonly is?: string;
    };

/** What the engine has under an image's name. */
export type EngineVerdict =
  | { readonly kind: "absent" }
  /** Made from what definition, lock and files say now. */
  | { readonly kind: "same-inputs" }
  /** Made from something else: all differences, the first in front; empty when it is not known from what. */
  | { readonly kind: "other-inputs"; readonly differences: readonly ValueDifference[]; readonly packages: readonly PackageChange[] }
  /** There is no current lock to compare with. */
  | { readonly kind: "present" }
  /** It was not asked. */
  | { readonly kind: "unasked" };

/** What follows: for a command that wants the image as it is defined, and for one that wants the pinned one. */
export type Consequence =
  | { readonly kind: "used" }
  | { readonly kind: "built"; readonly reason: string }
  /** From a repository; `from` are the places that are asked, in their order. */
  | { readonly kind: "fetched"; readonly from: readonly string[]; readonly reason: string }
  /** It depends on what the engine has, which was not asked. */
  | { readonly kind: "open"; readonly reason: string }
  | { readonly kind: "refused"; readonly code: string; readonly reason: string; readonly hint: string | undefined };

export interface ImageExplanation {
  readonly name: string;
  readonly version: string;
  readonly directory: string;
  readonly lock: LockVerdict;
  readonly engine: EngineVerdict;
  readonly pin: PinVerdict | { readonly kind: "unasked"; readonly pin: ImagePin };
  /** Packages that a build needs, and those of them that the pool lacks, with their bytes. Undefined without a current lock. */
  readonly pool: { readonly packages: number; readonly missing: number; readonly missingBytes: number } | undefined;
  /** `rbuild image build`. */
  readonly build: Consequence;
  /** Whoever needs the pinned image: `rbuild iso`. */
  readonly use: Consequence;
}

export interface TreeExplanation {
  readonly directory: string;
  readonly commit: string;
  readonly tag: string | undefined;
  readonly isRelease: boolean;
  /** Files that no commit has, in byte order. */
  readonly changedFiles: readonly string[];
  /** `open`: rbuild.yaml wants no lock. */
  readonly lock: LockVerdict | { readonly kind: "open" } | { readonly kind: "none-needed" };
  readonly builder: string;
  readonly pool: ImageExplanation["pool"];
  /** What `rbuild iso` would do. */
  readonly iso: { readonly kind: "builds"; readonly isPublishable: boolean; readonly reasons: readonly string[] } | Extract<Consequence, { kind: "refused" }>;
}

export interface Explanation {
  readonly tree: TreeExplanation | undefined;
  /** Each after the one it stands on. */
  readonly images: readonly ImageExplanation[];
  /** Of all that are defined, those whose definition or pin, or one below, is not right. */
  readonly broken: readonly { readonly name: string; readonly code: string; readonly message: string }[];
}
