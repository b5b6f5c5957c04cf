import { digestOf } from "../../../oci/index.ts";
import type { Clock } from "../../../system/index.ts";
import { checkClock } from "../clock.ts";
import { timeText } from "../format/fields.ts";
import type { Freshness } from "../format/freshness.ts";
import type { RepositoryIndex } from "../format/index-file.ts";
import { judgeLifetime } from "../format/lifetime.ts";
import { parseMetadata } from "../format/parse.ts";
import { repositoryPaths } from "../format/paths.ts";
import { MAX_BYTES } from "../limits.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { verifyThreshold } from "../threshold.ts";
import { forgetOlder } from "./forget-older.ts";
import { judgeFreshness } from "./judge-freshness.ts";
import type { MetadataSource } from "./metadata-source.ts";
import { readSigned, type SignedFile, type TrustedRoot } from "./root-chain.ts";
import type { TrustState, TrustStore } from "./trust-store.ts";
import { advanceRoot, keepRoots, openRoots } from "./trusted-roots.ts";
import type { RepositoryVerdict } from "./verdict.ts";

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
  return reason ? { kind: "stale", reason, root, freshness, index } : { kind: "current", root, freshness, index };
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
  const signed = await verifyThreshold(file.bytes, file.signature, { ...root, kind: "keyring" }, "freshness", { what, now, isLive: true }); // 5.4.2
  if (isRefusal(signed)) return signed;
  if (parsed.value.version !== version) return refusal("trust.mix-and-match", `${what} is version ${parsed.value.version}: a file was put in another's place`);
  const { asOf, expires } = parsed.value;
  const refused = judgeLifetime("freshness", { from: asOf, expires }, what) ?? judgeFreshness(parsed.value, parsed.digest, root, state, now); // 5.4.3
  return refused ?? { ...file, freshness: parsed.value };
}

interface FoundIndex extends SignedFile {
  readonly index: RepositoryIndex;
}

/** What is kept is taken when it is still good; else the repository is asked. */
async function fetchIndex(root: TrustedRoot, freshness: Freshness, repository: MetadataSource, store: TrustStore, now: Date): Promise<FoundIndex | Refusal> {
  const path = repositoryPaths.index(freshness.index.version, freshness.index.sha256);
  const maxBytes = Math.min(freshness.index.size, MAX_BYTES.index);
  const kept = await readSigned(store.kept, path, maxBytes);
  if (kept && !isRefusal(kept)) {
    const judged = await judgeIndex(kept, root, freshness, `${path} that is kept`, now);
    if (!isRefusal(judged)) return judged;
  }
  const file = await readSigned(repository, path, maxBytes);
  if (file === undefined) return missing(repository, path);
  return isRefusal(file) ? file : judgeIndex(file, root, freshness, `${path} of ${repository.name}`, now);
}

async function judgeIndex(file: SignedFile, root: TrustedRoot, { index: wanted }: Freshness, what: string, now: Date): Promise<FoundIndex | Refusal> {
  const { bytes } = file;
  // 5.5.2
  if (bytes.byteLength !== wanted.size || digestOf(bytes) !== wanted.sha256) {
    const why = "files of different states were put together, or bytes changed on the way";
    return refusal("trust.mix-and-match", `${what} is not the index that the freshness names: ${why}`);
  }
  const parsed = parseMetadata("index", bytes, what);
  if (isRefusal(parsed)) return parsed;
  const signed = await verifyThreshold(bytes, file.signature, { ...root, kind: "keyring" }, "publisher", { what, now, isLive: true }); // 5.5.3
  if (isRefusal(signed)) return signed;
  const { version, repository: name, issued, expires } = parsed.value;
  if (name !== root.root.repository) return refusal("trust.wrong-repository", `${what} is of the repository ${name}, not ${root.root.repository}`);
  if (version !== wanted.version) return refusal("trust.mix-and-match", `${what} is version ${version}: a file was put in another's place`); // 5.5.4
  return judgeLifetime("index", { from: issued, expires }, what) ?? checkClock(now, new Date(issued)) ?? { ...file, index: parsed.value };
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

function missing(repository: MetadataSource, path: string): Refusal {
  return refusal("trust.missing-file", `${repository.name} has no ${path}`, { hint: "try another mirror, or see that the place is a repository" });
}

async function keepSigned(store: TrustStore, path: string, { bytes, signature }: SignedFile): Promise<void> {
  await store.keep(repositoryPaths.signature(path), signature ?? new Uint8Array());
  await store.keep(path, bytes);
}
