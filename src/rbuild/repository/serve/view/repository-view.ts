import { digestOf } from "../../../../oci/index.ts";
import type { Clock } from "../../../../system/index.ts";
import type { MetadataSource } from "../../../trust/client/metadata-source.ts";
import type { TrustedRoot } from "../../../trust/client/root-chain.ts";
import type { TrustStore } from "../../../trust/client/trust-store.ts";
import type { Freshness } from "../../../trust/format/freshness.ts";
import type { RepositoryIndex } from "../../../trust/format/index-file.ts";
import { parseMetadata } from "../../../trust/format/parse.ts";
import { repositoryPaths } from "../../../trust/format/paths.ts";
import { readCheckout, updateTrust } from "../../../trust/index.ts";
import { MAX_BYTES } from "../../../trust/limits.ts";
import { isRefusal, type Refusal, refusal } from "../../../trust/refusal.ts";

/** What the repository says it has, and how far the server's own client believes it. */
export type RepositoryView =
  /** Nothing can be said of its images: it is not complete, or the keys refuse it. */
  | { readonly kind: "refused"; readonly reason: Refusal; readonly isChecked: boolean }
  | {
      readonly kind: "read";
      readonly index: RepositoryIndex;
      readonly freshness: Freshness;
      /** By the checkout's keys. */
      readonly isChecked: boolean;
      /** Of these keys. */
      readonly root?: TrustedRoot;
    };

export interface ViewSources {
  readonly repository: MetadataSource;
  /** A checkout's `keys/`. Without it nothing is checked. */
  readonly keys: string | undefined;
  readonly store: TrustStore;
  readonly clock: Clock;
}

export async function viewRepository({ repository, keys, store, clock }: ViewSources): Promise<RepositoryView> {
  if (keys === undefined) {
    const read = await readUnchecked(repository);
    return isRefusal(read) ? { kind: "refused", reason: read, isChecked: false } : { kind: "read", ...read, isChecked: false };
  }
  const checkout = await readCheckout(keys, clock.now());
  const verdict = isRefusal(checkout) ? checkout : await updateTrust({ checkout: checkout.roots, repository, store, clock });
  if (isRefusal(verdict)) return { kind: "refused", reason: verdict, isChecked: true };
  // What has expired by its own words says so on the page; of keys nothing else would.
  if (verdict.kind === "stale" && verdict.isLapsed) return { kind: "refused", reason: verdict.reason, isChecked: true };
  return { kind: "read", index: verdict.index, freshness: verdict.freshness, isChecked: true, root: verdict.root };
}

/** Only that the files fit together. */
async function readUnchecked(repository: MetadataSource): Promise<{ readonly index: RepositoryIndex; readonly freshness: Freshness } | Refusal> {
  const current = await readMetadata(repository, "current", repositoryPaths.current);
  if (isRefusal(current)) return current;
  const freshness = await readMetadata(repository, "freshness", repositoryPaths.freshness(current.value.freshness.version));
  if (isRefusal(freshness)) return freshness;
  const { version, sha256 } = freshness.value.index;
  const path = repositoryPaths.index(version, sha256);
  const index = await readMetadata(repository, "index", path);
  if (isRefusal(index)) return index;
  if (digestOf(index.bytes) !== sha256) return refusal("trust.mix-and-match", `${path} has other bytes than its name says`);
  return { index: index.value, freshness: freshness.value };
}

async function readMetadata<T extends "current" | "freshness" | "index">(repository: MetadataSource, type: T, path: string) {
  const received = await repository.read(path, MAX_BYTES[type]);
  if (received.kind === "bytes") return parseMetadata(type, received.bytes, path);
  return received.kind === "absent" ? refusal("trust.missing-file", `there is no ${path}`) : refusal("trust.too-large", `${path} is too large`);
}
