import type { Digest } from "../../../oci/index.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";

type Indexed = Pick<RepositoryIndex, "blobs" | "deltas">;
type IndexedFile = { readonly path: string; readonly sha256: string; readonly size: number };

/** How a client comes to a blob with the fewest bytes. */
export type Route =
  | { readonly kind: "present"; readonly digest: Digest }
  /** The steps in order: each makes `to` from `from`; the first `from` is present, the last `to` is the blob. */
  | {
      readonly kind: "delta";
      readonly digest: Digest;
      readonly size: number;
      readonly steps: readonly RepositoryIndex["deltas"][number][];
      readonly cost: number;
    }
  | {
      readonly kind: "encoded";
      readonly digest: Digest;
      readonly size: number;
      readonly file: RepositoryIndex["blobs"][number]["encodings"][number];
      readonly cost: number;
    }
  | { readonly kind: "plain"; readonly digest: Digest; readonly size: number; readonly file: IndexedFile; readonly cost: number };

export interface RouteOptions {
  /** Deltas in a row. Default 4. */
  readonly maxChain?: number;
  /** Memory that one delta may take, bytes. Default: as `applyDelta`. */
  readonly memory?: number;
  /** Encodings that the client can undo; default both. */
  readonly encodings?: readonly ("gzip" | "zstd")[];
}
export type ChooseRoute = (wanted: readonly Digest[], present: ReadonlyMap<Digest, number>, index: Indexed, options?: RouteOptions) => readonly Route[];
