import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { makeTempDirectory } from "../../../system/index.ts";
import { timeText } from "../../trust/format/fields.ts";
import { type ExaminedImage, examineImages, planImage } from "./examine-images.ts";
import { wantedOf } from "./gather-content.ts";
import { EMPTY_CONTENT, type IndexContent, type IndexedImage, imageKey, isSameContent } from "./index-content.ts";
import { daysUntil } from "./life.ts";
import { checkNotBehind } from "./old-copy.ts";
import { planContent } from "./plan-content.ts";
import type { PublishDependencies, PublishOptions, PublishPlan } from "./publication.ts";
import { highestVersion, missingRoots, readPublished } from "./published-state.ts";
import { checkEmpty } from "./staging.ts";

/** What `publishImages` would do with the same arguments. Writes nothing into the repository and asks no signer. @throws as that does */
export async function planPublication(choices: PublishOptions, dependencies: PublishDependencies): Promise<PublishPlan> {
  const options = { ...choices, directory: resolve(choices.directory) };
  const { directory, promotions, keep, life, renew = false, verify = false } = options;
  const { roots, clock } = dependencies;
  if ((await highestVersion(directory, "freshness")) === 0) await checkEmpty(directory);
  await using memory = await makeTempDirectory(tmpdir(), "rbuild-publish-");
  const published = await readPublished(directory, roots, memory.path);
  await checkNotBehind(published, options, dependencies);
  const newRoots = await missingRoots(directory, roots);
  const before: IndexContent = published?.index ?? EMPTY_CONTENT;
  const examined = await examineImages(await wantedOf(options, dependencies), before, { directory, isHashed: verify });
  const now = clock.now();
  const added = examined.filter(({ state }) => state === "new").map((image) => entryOf(image, options.channel, timeText(now)));
  const additions = { images: added, blobs: [], deltas: [], locks: [], pool: [] };
  const content = planContent(before, additions, { promotions, needs: new Map(), ...(keep === undefined ? {} : { keep }) });
  const images: PublishPlan["images"][number][] = [];
  for (const image of examined) images.push(await planImage(image, before, dependencies));
  const left = new Set(content.images.map(imageKey));
  const isEndingSoon = (time: string) => daysUntil(time, now) < life.atLeast;
  const would = ((): PublishPlan["would"] => {
    if (!published || (!renew && (newRoots.length > 0 || !isSameContent(content, before) || isEndingSoon(published.index.expires)))) return "publish";
    if (renew || newRoots.length > 0 || isEndingSoon(published.freshness.expires)) return "renew";
    return examined.some(({ state }) => state === "repaired") ? "repair" : "nothing";
  })();
  const retired = before.images.filter((image) => !left.has(imageKey(image))).map(({ name, version, architecture }) => ({ name, version, architecture }));
  return { kind: "planned", directory, would, images, retired };
}

/** Layers and lock are not known yet, and nothing here depends on them. */
function entryOf({ wanted }: ExaminedImage, channel: string, released: string): IndexedImage {
  const { name, version, architecture, manifest, config } = wanted;
  return { name, version, architecture, channels: [channel], compatibilityVersion: 1, released, manifest, config, layers: [], lock: manifest };
}
