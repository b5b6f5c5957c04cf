import { digestOf } from "../../../oci/index.ts";
import { checkClock } from "../clock.ts";
import type { Freshness } from "../format/freshness.ts";
import type { RepositoryIndex } from "../format/index-file.ts";
import { judgeLifetime } from "../format/lifetime.ts";
import { parseMetadata } from "../format/parse.ts";
import { repositoryPaths } from "../format/paths.ts";
import { MAX_BYTES } from "../limits.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import type { MetadataSource } from "./metadata-source.ts";
import { missing, readSigned, type SignedFile, type TrustedRoot } from "./root-chain.ts";
import type { TrustStore } from "./trust-store.ts";
import { lapsedOf, verifyRenewed } from "./verify-renewed.ts";

/** The index that a freshness names. */
export interface FoundIndex extends SignedFile {
  readonly index: RepositoryIndex;
  readonly lapsed?: Refusal;
}

/** What is kept is taken when it is still good; else the repository is asked, which may have it signed anew. */
export async function fetchIndex(
  root: TrustedRoot,
  freshness: Freshness,
  repository: MetadataSource,
  store: TrustStore,
  now: Date,
): Promise<FoundIndex | Refusal> {
  const path = repositoryPaths.index(freshness.index.version, freshness.index.sha256);
  const maxBytes = Math.min(freshness.index.size, MAX_BYTES.index);
  const kept = await readSigned(store.kept, path, maxBytes);
  const known = kept && !isRefusal(kept) ? await judgeIndex(kept, root, freshness, `${path} that is kept`, now) : undefined;
  if (known && !isRefusal(known) && !known.lapsed) return known;
  const file = await readSigned(repository, path, maxBytes);
  const found =
    file === undefined ? missing(repository, path) : isRefusal(file) ? file : await judgeIndex(file, root, freshness, `${path} of ${repository.name}`, now);
  return isRefusal(found) && known && !isRefusal(known) ? known : found;
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
  const signed = await verifyRenewed(file, root, "publisher", { what, now }); // 5.5.3
  if (isRefusal(signed)) return signed;
  const { version, repository: name, issued, expires } = parsed.value;
  if (name !== root.root.repository) return refusal("trust.wrong-repository", `${what} is of the repository ${name}, not ${root.root.repository}`);
  if (version !== wanted.version) return refusal("trust.mix-and-match", `${what} is version ${version}: a file was put in another's place`); // 5.5.4
  return judgeLifetime("index", { from: issued, expires }, what) ?? checkClock(now, new Date(issued)) ?? { ...file, index: parsed.value, ...lapsedOf(signed) };
}
