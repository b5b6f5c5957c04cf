import type { Digest } from "../../../../oci/index.ts";
import type { MetadataSource } from "../../../trust/client/metadata-source.ts";
import type { TrustedRoot } from "../../../trust/client/root-chain.ts";
import type { RepositoryIndex } from "../../../trust/format/index-file.ts";
import { gatherVerdicts } from "../../../trust/verdicts/gather-verdicts.ts";
import { countWords, demandedBy, type QuorumCount } from "../../../trust/verdicts/quorum.ts";

/** Images whose verdicts are read for one page. */
const MAX_IMAGES = 200;

/** What the rebuilders say of each image, by its manifest. Empty where the root names none. */
export async function rebuilderCounts(
  { images }: Pick<RepositoryIndex, "images">,
  root: TrustedRoot | undefined,
  { files, now }: { readonly files: MetadataSource; readonly now: Date },
): Promise<ReadonlyMap<Digest, QuorumCount>> {
  const counts = new Map<Digest, QuorumCount>();
  if (!root || root.root.roles.rebuilder.keys.length === 0) return counts;
  const newestFirst = images.toSorted((a, b) => (a.released > b.released ? -1 : 1));
  for (const image of newestFirst.slice(0, MAX_IMAGES)) {
    const words = await gatherVerdicts({ image, root, sources: [files], demanded: 0, now });
    counts.set(image.manifest, countWords(words, demandedBy(root, [])));
  }
  return counts;
}
