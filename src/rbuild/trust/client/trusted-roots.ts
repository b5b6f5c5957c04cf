import { checkClock } from "../clock.ts";
import { repositoryPaths } from "../format/paths.ts";
import { MAX_BYTES } from "../limits.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import type { MetadataSource } from "./metadata-source.ts";
import { followRoots, readSigned, type TrustedRoot } from "./root-chain.ts";
import type { TrustState, TrustStore } from "./trust-store.ts";

interface Position {
  readonly kind: "position";
  readonly root: TrustedRoot;
  readonly state: TrustState;
}

/** The newest root of the checkout and of what was seen before, which must agree. TUF specification, 5.2. */
export async function openRoots(checkout: readonly TrustedRoot[], store: TrustStore, now: Date): Promise<Position | Refusal> {
  const newest = checkout.at(-1);
  if (!newest)
    return refusal("trust.no-root", "this checkout has no signed root in keys/: it names nobody whose signature counts", { hint: "rbuild keys list" });
  const fresh: TrustState = {
    type: "trust-state",
    formatVersion: 1,
    repository: newest.root.repository,
    roots: checkout.map(({ digest }) => digest),
    newestTime: newest.root.issued,
  };
  const state = await store.load();
  if (isRefusal(state)) return state;
  if (!state) return settled({ kind: "position", root: newest, state: fresh }, now);
  const differs = state.roots.findIndex((digest, index) => checkout[index] !== undefined && checkout[index].digest !== digest);
  if (differs !== -1)
    return refusal("trust.equivocation", `root ${differs + 1} of this checkout is another than the one seen before under that number`, {
      hint: "find out whose checkout this is before you go on",
    });
  if (checkout.length >= state.roots.length) return settled({ kind: "position", root: newest, state: { ...state, roots: fresh.roots } }, now);
  let root = newest;
  for await (const next of followRoots(newest, store.kept, now)) {
    if (isRefusal(next)) return next;
    if (next.root.version > state.roots.length) break; // kept, but not yet seen to the end
    root = next;
  }
  if (root.root.version < state.roots.length || root.digest !== state.roots[root.root.version - 1])
    return refusal("trust.state-damaged", `root ${state.roots.length} was seen, but is not kept as it was`, {
      hint: "update the checkout, which has the newest roots",
    });
  return settled({ kind: "position", root, state }, now);
}

function settled(position: Position, now: Date): Position | Refusal {
  const floor = [position.state.newestTime, position.root.root.issued].sort().at(-1) as string;
  return checkClock(now, new Date(floor)) ?? position;
}

/** Follows the repository's newer roots, each kept as soon as it is verified. TUF specification, 5.3. */
export async function advanceRoot(
  { root: start, state: before }: Position,
  { checkout, repository, store }: { readonly checkout: readonly TrustedRoot[]; readonly repository: MetadataSource; readonly store: TrustStore },
  now: Date,
): Promise<Position | Refusal> {
  let [root, state] = [start, before];
  for await (const next of followRoots(root, repository, now)) {
    if (isRefusal(next)) return next;
    root = next;
    state = { ...state, roots: [...state.roots, next.digest] };
    await keepRoots([...checkout, next], store);
    await store.save(state);
  }
  return settled({ kind: "position", root, state }, now);
}

/** Before the state that has seen them; those of a checkout too: the next checkout may be an older one, and must get to them. */
export async function keepRoots(roots: readonly TrustedRoot[], store: TrustStore): Promise<void> {
  for (const { root, bytes, signature } of roots.slice(1)) {
    const path = repositoryPaths.root(root.version);
    const kept = await readSigned(store.kept, path, MAX_BYTES.root);
    if (kept && !isRefusal(kept) && isSame(kept.bytes, bytes) && isSame(kept.signature, signature)) continue;
    await store.keep(repositoryPaths.signature(path), signature);
    await store.keep(path, bytes);
  }
}

const isSame = (one: Uint8Array | undefined, other: Uint8Array): boolean => one !== undefined && Buffer.compare(one, other) === 0;
