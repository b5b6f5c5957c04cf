import { isRbuildError } from "../../../system/index.ts";
import type { MetadataSource } from "../client/metadata-source.ts";
import { readSigned, type TrustedRoot } from "../client/root-chain.ts";
import type { TrustStore } from "../client/trust-store.ts";
import type { Fingerprint } from "../format/fields.ts";
import { repositoryPaths } from "../format/paths.ts";
import { MAX_BYTES, MAX_REVISIONS } from "../limits.ts";
import { judgeVerdict, type SignedVerdict } from "./judge-verdict.ts";
import { independentOf } from "./rebuilders.ts";
import type { VerdictSubject } from "./statement.ts";

/** What one rebuilder says of an image. */
export interface RebuilderWord {
  readonly rebuilder: Fingerprint;
  /** For people. */
  readonly userId: string;
  /** His newest. */
  readonly verdict?: SignedVerdict;
  /** What the sources gave of him that counts, revision by revision. */
  readonly given: readonly SignedVerdict[];
  /** What was found in the place of a verdict and does not count. */
  readonly refused: readonly { readonly code: string; readonly message: string }[];
}

export interface GatherOptions {
  readonly image: VerdictSubject;
  readonly root: TrustedRoot;
  /** Asked one after the other, until so many say `identical`. The first is always asked. */
  readonly sources: readonly MetadataSource[];
  readonly demanded: number;
  readonly now: Date;
  /** Verdicts that were seen before: who has one cannot be kept from it any more. New ones are kept there. */
  readonly store?: Pick<TrustStore, "kept" | "keep">;
}

/**
 * What the independent rebuilders of a root say. Nothing is listed anywhere: each has a path of his own, at most `MAX_REVISIONS` of them, so
 * nobody can flood a client. The order is that of their fingerprints.
 */
export async function gatherVerdicts(options: GatherOptions): Promise<RebuilderWord[]> {
  const { root, sources, demanded, store } = options;
  const silent: RebuilderWord[] = independentOf(root).map(({ fingerprint, userIds }) => ({
    rebuilder: fingerprint,
    userId: userIds[0] ?? "",
    given: [],
    refused: [],
  }));
  const remembered = store ? await Promise.all(silent.map((word) => recall(store.kept, word, options))) : silent;
  let words = remembered;
  for (const source of sources) {
    words = await Promise.all(words.map((word) => askOne(source, word, options)));
    if (words.filter(({ verdict }) => verdict?.verdict === "identical").length >= demanded) break;
  }
  for (const [path, bytes] of store ? verdictFiles(words) : []) await store?.keep(path, bytes);
  return words;
}

/** The files that were given, by their paths in a repository; signatures come first. */
export function verdictFiles(words: readonly RebuilderWord[]): Map<string, Uint8Array> {
  const files = words.flatMap(({ given }) =>
    given.flatMap(({ manifest, rebuilder, revision, bytes, signature }) => {
      const path = repositoryPaths.verdict(manifest, rebuilder, revision);
      return [[repositoryPaths.signature(path), signature] as const, [path, bytes] as const];
    }),
  );
  return new Map(files);
}

async function askOne(source: MetadataSource, word: RebuilderWord, { image, root, now }: GatherOptions): Promise<RebuilderWord> {
  const { rebuilder } = word;
  const given = [...word.given];
  for (let revision = (word.verdict?.revision ?? 0) + 1; revision <= MAX_REVISIONS; revision++) {
    const path = repositoryPaths.verdict(image.manifest, rebuilder, revision);
    const read = await readIfPossible(source, path);
    if (read === undefined) break;
    const judged =
      read.kind === "signed-file" ? await judgeVerdict(read, { image, rebuilder, revision }, root, { now, what: `${path} of ${source.name}` }) : read;
    if (judged.kind !== "verdict") return { ...withGiven(word, given), refused: [...word.refused, { code: judged.code, message: judged.message }] };
    given.push(judged);
  }
  return withGiven(word, given);
}

function withGiven(word: RebuilderWord, given: readonly SignedVerdict[]): RebuilderWord {
  const verdict = given.at(-1) ?? word.verdict;
  return verdict ? { ...word, given, verdict } : word;
}

/** The newest that is kept. What is kept and does not count any more is as if it had never been seen. */
async function recall(kept: MetadataSource, word: RebuilderWord, { image, root, now }: GatherOptions): Promise<RebuilderWord> {
  for (let revision = MAX_REVISIONS; revision > 0; revision--) {
    const path = repositoryPaths.verdict(image.manifest, word.rebuilder, revision);
    const read = await readSigned(kept, path, MAX_BYTES.verdict);
    if (read?.kind !== "signed-file") continue;
    const verdict = await judgeVerdict(read, { image, rebuilder: word.rebuilder, revision }, root, { now, what: path });
    if (verdict.kind === "verdict") return { ...word, verdict };
  }
  return word;
}

/** A source that does not answer has no verdict; why is told where one is missed. */
async function readIfPossible(source: MetadataSource, path: string) {
  try {
    return await readSigned(source, path, MAX_BYTES.verdict);
  } catch (error) {
    if (!isRbuildError(error) || (error.category !== "untrusted" && error.category !== "unavailable")) throw error;
    return { kind: "unreadable" as const, code: error.code, message: error.message };
  }
}
