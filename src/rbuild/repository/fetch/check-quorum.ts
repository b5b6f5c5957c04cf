import { noSpace } from "../../pool/pool-errors.ts";
import { openTrustStore } from "../../trust/index.ts";
import { refusalError } from "../../trust/refusal.ts";
import { gatherVerdicts, type RebuilderWord } from "../../trust/verdicts/gather-verdicts.ts";
import { countWords, demandedBy, judgeQuorum, type Quorum, type QuorumCount, wordText } from "../../trust/verdicts/quorum.ts";
import type { OpenRepository, RepositoryDependencies } from "./open-repository.ts";
import type { PublishedImage } from "./select-image.ts";

/**
 * Asks what the rebuilders whom the root names say of an image. What they say and what does not count is reported, also where nobody
 * demands a quorum. Undefined: nobody is named, and nobody is demanded.
 * @param quorum what is wanted besides what the root wants
 * @throws RbuildError `trust.quorum`, `trust.verdict-different`
 */
export async function checkQuorum(
  image: PublishedImage,
  repository: OpenRepository,
  quorum: readonly Quorum[],
  dependencies: RepositoryDependencies,
): Promise<QuorumCount | undefined> {
  const { root } = repository.verdict;
  const demanded = demandedBy(root, quorum);
  if (demanded === 0 && root.root.roles.rebuilder.keys.length === 0) return undefined;
  const words = await gather(image, repository, demanded, dependencies);
  const count = countWords(words, demanded);
  const refused = judgeQuorum(image, words, count);
  if (refused) throw refusalError(refused);
  for (const word of words) warn(word, image, dependencies);
  return count;
}

async function gather(
  image: PublishedImage,
  { verdict: { root }, metadata: sources }: OpenRepository,
  demanded: number,
  { roots, stateDirectory, clock, signal, openStore = openTrustStore }: RepositoryDependencies,
): Promise<RebuilderWord[]> {
  try {
    await using store = await openStore(stateDirectory, roots[0]?.digest ?? root.digest, signal ? { signal } : {});
    return await gatherVerdicts({ image, root, sources, demanded, now: clock.now(), store });
  } catch (error) {
    throw noSpace(error, stateDirectory);
  }
}

function warn(word: RebuilderWord, { name, version }: PublishedImage, { report }: RepositoryDependencies): void {
  const { verdict, refused } = word;
  for (const { code, message } of refused) report({ kind: "warning.raised", code, message });
  if (verdict?.verdict !== "different") return;
  report({
    kind: "warning.raised",
    code: "trust.verdict-different",
    message: `${name} ${version} is disputed: ${wordText(word)}`,
    hint: "find out why; --quorum all refuses it",
  });
}
