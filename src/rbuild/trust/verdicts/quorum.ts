import type { TrustedRoot } from "../client/root-chain.ts";
import type { Fingerprint } from "../format/fields.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { RebuilderWord } from "./gather-verdicts.ts";
import { independentOf } from "./rebuilders.ts";
import type { VerdictSubject } from "./statement.ts";

/** Rebuilders who must say `identical`. `all`: each of them that the root names. */
export type Quorum = number | "all";

/**
 * How many rebuilders must say `identical`: what the root wants, or more. 0: nobody is asked to.
 * @param raised what checkout, machine and command want besides: they can only raise
 */
export function demandedBy(root: TrustedRoot, raised: readonly Quorum[]): number {
  const { keys, threshold } = root.root.roles.rebuilder;
  const own = keys.length === 0 ? 0 : threshold;
  return Math.max(own, ...raised.map((each) => (each === "all" ? Math.max(1, independentOf(root).length) : each)));
}

/** What the rebuilders say, counted. */
export interface QuorumCount {
  readonly demanded: number;
  /** Rebuilders whose word counts. */
  readonly of: number;
  readonly identical: readonly Fingerprint[];
  readonly different: readonly Fingerprint[];
}

export function countWords(words: readonly RebuilderWord[], demanded: number): QuorumCount {
  const saying = (what: string) => words.flatMap(({ rebuilder, verdict }) => (verdict?.verdict === what ? [rebuilder] : []));
  return { demanded, of: words.length, identical: saying("identical"), different: saying("different") };
}

/** Whether enough rebuilders got the same bytes. Undefined: they did, or it is not demanded. */
export function judgeQuorum({ name, version, manifest }: VerdictSubject, words: readonly RebuilderWord[], count: QuorumCount): Refusal | undefined {
  const { demanded, of, identical, different } = count;
  if (identical.length >= demanded) return undefined;
  const what = `${name} ${version} (${manifest})`;
  const said = words.map(wordText);
  const message = `${identical.length} of ${of} independent rebuilders got the same as ${what}, and ${demanded} must have`;
  const details = {
    ...count,
    rebuilders: words.map(({ rebuilder, verdict, refused }) => ({ rebuilder, verdict: verdict?.verdict ?? null, refused: refused.map(({ code }) => code) })),
  };
  const hint =
    of < demanded
      ? "name more rebuilders in the root, or ask for fewer: rbuild keys rotate --role rebuilder=…"
      : different.length > 0
        ? "find out why they got something else before you use it"
        : "try another mirror, or wait for the rebuilders";
  return refusal(different.length > 0 ? "trust.verdict-different" : "trust.quorum", [message, ...said].join("; ").slice(0, 2000), { hint, details });
}

/** What one says, after the name of the image. */
export function wordText({ rebuilder, userId, verdict, refused }: RebuilderWord): string {
  const who = userId === "" ? rebuilder : `${rebuilder} (${userId})`;
  const why = refused.length === 0 ? "" : ` [${refused.map(({ code }) => code).join(", ")}]`;
  if (!verdict) return `${who} has given no verdict that counts${why}`;
  return verdict.verdict === "identical" ? `${who} got the same` : `${who} got ANOTHER image, ${verdict.found}${why}`;
}
