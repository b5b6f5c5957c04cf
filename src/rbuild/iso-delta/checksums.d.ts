import { type Digest } from "../../oci/index.ts";
import type { TrustedRoot } from "../trust/client/root-chain.ts";
export interface SignedSums {
  /** Detached, in armour. */
  readonly signature: string;
  /** Whose publishers count. */
  readonly root: TrustedRoot;
  readonly now: Date;
}
/**
 * The digest that a file of checksums has for a name.
 * @throws RbuildError `delta.unlisted` (none, or two), `trust.*` (not signed as demanded)
 */
export declare function listedDigest(path: string, name: string, signed?: SignedSums): Promise<Digest>;
