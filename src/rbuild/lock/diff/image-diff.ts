import type { ValueDifference } from "../../explain/compare-values.ts";
import type { DebianArchitecture, LockedPackage } from "../image-lock.ts";

/** A package of a lock, or what an image's dpkg knows of one. */
export interface ComparedPackage
  extends Pick<LockedPackage, "name" | "version" | "architecture" | "source">,
    Partial<Pick<LockedPackage, "sha256" | "path" | "archive">> {
  /** Bytes of the .deb. */
  readonly size?: number;
  /** Bytes of its files by its own account. */
  readonly installedSize?: number;
}

/** What is known of one of two images. */
export interface DiffSide {
  readonly kind: "lock" | "engine";
  /** As the caller named it. */
  readonly label: string;
  readonly packages: number;
  /** Of the .debs of all installed packages; undefined when they are not known. */
  readonly bytes?: number;
  /** As dpkg has it; undefined for a lock. */
  readonly installedBytes?: number;
}

export interface DiffedPackage {
  /** `rebuilt`: the same version with other bytes. */
  readonly kind: "added" | "removed" | "upgraded" | "downgraded" | "rebuilt";
  readonly architecture: DebianArchitecture;
  readonly list: "packages" | "offers";
  readonly name: string;
  /** Name of the source package. */
  readonly source: string;
  readonly from?: { readonly version: string; readonly bytes?: number };
  readonly to?: { readonly version: string; readonly bytes?: number };
}

/** Why there are no lines: no .deb of it is in the pool, or those that are have none. */
export type MissingChangelog = "not-in-pool" | "not-in-package" | "not-asked";

/** A source package that came in another version. */
export interface DiffedSource {
  readonly name: string;
  readonly kind: "upgraded" | "downgraded" | "rebuilt";
  readonly from: string;
  readonly to: string;
  /** Its binary packages that changed, in byte order. */
  readonly packages: readonly string[];
  /** Fixed by an upgrade, open again by a downgrade. */
  readonly cves: readonly string[];
  readonly changelog:
    | {
        readonly kind: "found";
        /** Newest first. */
        readonly entries: readonly { readonly version: string; readonly lines: readonly string[] }[];
        /** Lines of these entries that are left out. */
        readonly omittedLines: number;
      }
    | { readonly kind: "missing"; readonly why: MissingChangelog };
}

export interface ImageDiff {
  readonly kind: "identical" | "different";
  readonly from: DiffSide;
  readonly to: DiffSide;
  readonly packages: readonly DiffedPackage[];
  readonly sources: readonly DiffedSource[];
  /** What else two locks say differently: states of archives, fields of the definition, times. */
  readonly fields: readonly ValueDifference[];
  /** What a reader should know of how this was compared. */
  readonly notes: readonly string[];
}
