import { join } from "node:path";
import { namesIn, RbuildError } from "../../../system/index.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import type { Freshness } from "../../trust/format/freshness.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import { parseMetadata } from "../../trust/format/parse.ts";
import { repositoryPaths } from "../../trust/format/paths.ts";
import { accepted, type MetadataSource, openDirectorySource, openTrustStore, updateTrust } from "../../trust/index.ts";
import { MAX_BYTES } from "../../trust/limits.ts";
import { isRefusal, refusalError } from "../../trust/refusal.ts";

/** What a repository shows now. */
export interface PublishedState {
  readonly freshness: Freshness;
  readonly index: RepositoryIndex;
}

/**
 * Verifies what a repository shows as a client did that asked when its freshness was made, with the root of then: keys may have ended or
 * been taken away since, and that is a reason to publish. The client's memory stays in `memory`, for `checkNext`.
 * @returns undefined when nothing was ever published
 * @throws RbuildError codes `trust.*`
 */
export async function readPublished(directory: string, roots: readonly TrustedRoot[], memory: string): Promise<PublishedState | undefined> {
  const source = openDirectorySource(directory);
  const pointer = await source.read(repositoryPaths.current, MAX_BYTES.current);
  if (pointer.kind === "absent") return undefined;
  const current = pointer.kind === "bytes" ? accepted(parseMetadata("current", pointer.bytes, join(directory, repositoryPaths.current))) : undefined;
  const path = repositoryPaths.freshness(current?.value.freshness.version ?? 0);
  const received = await source.read(path, MAX_BYTES.freshness);
  const freshness = received.kind === "bytes" ? accepted(parseMetadata("freshness", received.bytes, join(directory, path))).value : undefined;
  const newest = freshness?.root.version ?? roots.length;
  const asOf = freshness ? new Date(freshness.asOf) : new Date();
  await using store = await openTrustStore(memory, first(roots).digest);
  const repository: MetadataSource = {
    name: directory,
    read: async (file, maxBytes) => (rootVersion(file) > newest ? { kind: "absent" } : source.read(file, maxBytes)),
  };
  const verdict = await updateTrust({ checkout: roots.slice(0, 1), repository, store, clock: { now: () => asOf } });
  if (isRefusal(verdict)) throw refusalError(verdict);
  return { freshness: verdict.freshness, index: verdict.index };
}

/**
 * Judges what is about to be shown, as clients will: one that knows what is shown now, and one that knows the first root alone.
 * @param incoming a directory with what is not yet in its place
 * @throws RbuildError codes `trust.*`: then nothing may be published
 */
export async function checkNext(
  directory: string,
  incoming: string,
  { roots, memory, fresh, now }: { readonly roots: readonly TrustedRoot[]; readonly memory: string; readonly fresh: string; readonly now: Date },
): Promise<void> {
  const [published, coming] = [openDirectorySource(directory), openDirectorySource(incoming)];
  const repository: MetadataSource = {
    name: directory,
    async read(path, maxBytes) {
      const received = await coming.read(path, maxBytes);
      return received.kind === "absent" ? published.read(path, maxBytes) : received;
    },
  };
  for (const stateDirectory of [memory, fresh]) {
    await using store = await openTrustStore(stateDirectory, first(roots).digest);
    const verdict = await updateTrust({ checkout: roots.slice(0, 1), repository, store, clock: { now: () => now } });
    if (verdict.kind !== "current") throw refusalError(verdict.kind === "stale" ? verdict.reason : verdict);
  }
}

/**
 * The roots of the checkout that the repository does not have yet.
 * @throws RbuildError `repository.other-roots`, `repository.checkout-behind`
 */
export async function missingRoots(directory: string, roots: readonly TrustedRoot[]): Promise<TrustedRoot[]> {
  const source = openDirectorySource(directory);
  const missing: TrustedRoot[] = [];
  for (const root of roots) {
    const path = repositoryPaths.root(root.root.version);
    const received = await source.read(path, MAX_BYTES.root);
    if (received.kind === "absent") missing.push(root);
    else if (received.kind === "too-large" || Buffer.compare(received.bytes, root.bytes) !== 0)
      throw new RbuildError("repository.other-roots", `${join(directory, path)} is not the root ${root.root.version} of this checkout`, {
        category: "conflict",
        hint: "publish from the checkout whose keys/ the repository was made with",
        details: { path },
      });
  }
  const beyond = repositoryPaths.root(roots.length + 1);
  if ((await source.read(beyond, 1)).kind === "absent") return missing;
  throw new RbuildError("repository.checkout-behind", `${directory} has ${beyond}, which this checkout does not know`, {
    category: "conflict",
    hint: "git pull",
    details: { path: beyond },
  });
}

/** The highest version of a freshness or index that the directory has a file of, whoever made it; 0 for none. */
export async function highestVersion(directory: string, kind: "freshness" | "index"): Promise<number> {
  const versions = (await namesIn(join(directory, kind))).map((name) => Number(/^([1-9]\d{0,9})\./.exec(name)?.[1] ?? 0));
  return Math.max(0, ...versions);
}

function rootVersion(path: string): number {
  return Number(/^root\/(\d+)\.json/.exec(path)?.[1] ?? 0);
}

function first(roots: readonly TrustedRoot[]): TrustedRoot {
  const [root] = roots;
  if (!root) throw new RbuildError("trust.no-root", "this checkout has no signed root in keys/", { category: "untrusted", hint: "rbuild keys list" });
  return root;
}
