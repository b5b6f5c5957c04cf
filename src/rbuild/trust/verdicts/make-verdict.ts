import { RbuildError } from "../../../system/index.ts";
import type { TrustedRoot } from "../client/root-chain.ts";
import { timeText } from "../format/fields.ts";
import { addSignature } from "../signers/add-signature.ts";
import type { Signer } from "../signers/signer.ts";
import { rebuildersOf } from "./rebuilders.ts";
import { type Verdict, writeVerdict } from "./statement.ts";

export type VerdictFacts = Omit<Verdict, "verdict" | "rebuilder" | "issued">;

/** A verdict and its signature. */
export interface MadeVerdict {
  readonly verdict: Verdict;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * States what a rebuild gave, signed by a rebuilder that the root names.
 * @throws RbuildError `keys.not-a-rebuilder`, `keys.signing-failed`
 */
export async function makeVerdict(
  facts: VerdictFacts,
  signer: Signer,
  root: TrustedRoot,
  { now, signal }: { readonly now: Date; readonly signal?: AbortSignal },
): Promise<MadeVerdict> {
  const { certificate } = requireRebuilder(signer, root);
  const said = facts.found === facts.manifest ? ("identical" as const) : ("different" as const);
  const verdict: Verdict = { ...facts, verdict: said, rebuilder: signer.fingerprint, issued: timeText(now) };
  const bytes = writeVerdict(verdict);
  const signature = Buffer.from(await addSignature(bytes, undefined, signer, [certificate], { now, ...(signal ? { signal } : {}) }));
  return { verdict, bytes, signature };
}

/** @throws RbuildError `keys.not-a-rebuilder` */
export function requireRebuilder({ fingerprint }: Signer, root: TrustedRoot) {
  const found = rebuildersOf(root).find(({ certificate }) => certificate.fingerprint === fingerprint);
  if (found?.dependence === undefined && found) return found;
  const why = found ? found.dependence : `is no rebuilder in root ${root.root.version}`;
  throw new RbuildError("keys.not-a-rebuilder", `${fingerprint} ${why}: nobody would count the verdict`, {
    category: "refused",
    hint: "rbuild keys list; those with root keys: rbuild keys rotate --role rebuilder=…",
    details: { fingerprint, root: root.root.version },
  });
}
