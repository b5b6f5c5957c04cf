import { digestOf } from "../../../oci/index.ts";
import type { Clock } from "../../../system/index.ts";
import { timeText } from "../format/fields.ts";
import type { Freshness } from "../format/freshness.ts";
import { judgeLifetime } from "../format/lifetime.ts";
import { parseMetadata } from "../format/parse.ts";
import { repositoryPaths } from "../format/paths.ts";
import { MAX_BYTES } from "../limits.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { fetchIndex } from "./fetch-index.ts";
import { forgetOlder } from "./forget-older.ts";
import { judgeFreshness } from "./judge-freshness.ts";
import type { MetadataSource } from "./metadata-source.ts";
import { missing, readSigned, type SignedFile, type TrustedRoot } from "./root-chain.ts";
import type { TrustState, TrustStore } from "./trust-store.ts";
import { advanceRoot, keepRoots, openRoots } from "./trusted-roots.ts";
import type { RepositoryVerdict } from "./verdict.ts";
import { lapsedOf, verifyRenewed } from "./verify-renewed.ts";

export interface UpdateOptions {
  /** Of the checkout: every root from version 1 that is committed, in order: `readCheckout` gives them. */
  readonly checkout: readonly TrustedRoot[];
  /** Where the repository's metadata comes from. */
  readonly repository: MetadataSource;
  readonly store: TrustStore;
  readonly clock: Clock;
}

/**
 * Finds out what a repository has, and how far that can be believed. The client workflow of the TUF specification, 5; the steps are
 * cited where they are done. Of what is refused nothing is kept; roots that were verified before it are.
 */
export async function updateTrust({ checkout, repository, store, clock }: UpdateOptions): Promise<RepositoryVerdict> {
  const now = clock.now(); // 5.1: one moment for all checks
  const opened = await openRoots(checkout, store, now);
  if (isRefusal(opened)) return opened;
  const advanced = await advanceRoot(opened, { checkout, repository, store }, now); // 5.3
  if (isRefusal(advanced)) return advanced;
  const { root, state } = advanced;
  // 5.3.10
  if (now >= new Date(root.root.expires))
    return refusal("trust.expired-root", `root ${root.root.version} expired ${root.root.expires}, and there is no newer one`, {
      hint: "update the checkout; if that does not help, nobody renews the keys any more",
    });

  const found = await fetchFreshness(root, state, repository, now); // 5.4
  if (isRefusal(found)) return found;
  const { freshness } = found;

  const indexed = await fetchIndex(root, freshness, repository, store, now); // 5.5, 5.6
  if (isRefusal(indexed)) return indexed;
  const { index } = indexed;
  const lapsed = found.lapsed ?? indexed.lapsed;
  // Whoever finds an expired key can date a signature back: nothing is remembered on its word.
  if (lapsed) return { kind: "stale", reason: lapsed, isLapsed: true, root, freshness, index };
  await keepRoots(checkout, store);
  await keepSigned(store, repositoryPaths.freshness(freshness.version), found);
  await keepSigned(store, repositoryPaths.index(index.version, freshness.index.sha256), indexed);
  await store.save({
    ...state,
    newestTime: [state.newestTime, freshness.asOf].sort().at(-1) as string,
    freshness: { version: freshness.version, sha256: digestOf(found.bytes), keys: root.root.roles.freshness.keys },
    index: { version: index.version, sha256: freshness.index.sha256, keys: root.root.roles.publisher.keys },
  });
  await forgetOlder(store, { root, freshness, index }, state.index);

  const reason = staleness(freshness, index.expires, now); // 5.4.4, 5.5.6: stale is not bad
  return reason ? { kind: "stale", reason, isLapsed: false, root, freshness, index } : { kind: "current", root, freshness, index };
}

async function fetchFreshness(root: TrustedRoot, state: TrustState, repository: MetadataSource, now: Date) {
  const pointer = await repository.read(repositoryPaths.current, MAX_BYTES.current);
  if (pointer.kind === "absent") return missing(repository, repositoryPaths.current);
  if (pointer.kind === "too-large")
    return refusal("trust.too-large", `${repositoryPaths.current} of ${repository.name} has more than ${MAX_BYTES.current} bytes`);
  const current = parseMetadata("current", pointer.bytes, `${repositoryPaths.current} of ${repository.name}`);
  if (isRefusal(current)) return current;
  const { version } = current.value.freshness;
  const path = repositoryPaths.freshness(version);
  const file = await readSigned(repository, path, MAX_BYTES.freshness);
  if (file === undefined) return missing(repository, path);
  if (isRefusal(file)) return file;
  const what = `${path} of ${repository.name}`;
  const parsed = parseMetadata("freshness", file.bytes, what);
  if (isRefusal(parsed)) return parsed;
  const signed = await verifyRenewed(file, root, "freshness", { what, now }); // 5.4.2
  if (isRefusal(signed)) return signed;
  if (parsed.value.version !== version) return refusal("trust.mix-and-match", `${what} is version ${parsed.value.version}: a file was put in another's place`);
  const { asOf, expires } = parsed.value;
  const refused = judgeLifetime("freshness", { from: asOf, expires }, what) ?? judgeFreshness(parsed.value, parsed.digest, root, state, now); // 5.4.3
  return refused ?? { ...file, freshness: parsed.value, ...lapsedOf(signed) };
}

function staleness(freshness: Freshness, indexExpires: string, now: Date): Refusal | undefined {
  const old = [
    { what: `freshness ${freshness.version}`, expires: freshness.expires },
    { what: `index ${freshness.index.version}`, expires: indexExpires },
  ].find(({ expires }) => now >= new Date(expires));
  return (
    old &&
    refusal(
      "trust.freeze",
      `${old.what} expired ${old.expires} (now: ${timeText(now)}): either nobody renewed it, or this place is kept from showing a newer one`,
      {
        hint: "try another mirror; what is pinned and already verified stays usable",
        details: { asOf: freshness.asOf },
      },
    )
  );
}

async function keepSigned(store: TrustStore, path: string, { bytes, signature }: SignedFile): Promise<void> {
  await store.keep(repositoryPaths.signature(path), signature ?? new Uint8Array());
  await store.keep(path, bytes);
}
