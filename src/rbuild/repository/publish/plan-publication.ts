import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { makeTempDirectory } from "../../../system/index.ts";
import { timeText } from "../../trust/format/fields.ts";
import { type ExaminedImage, examineImages, planImage } from "./examine-images.ts";
import { wantedOf } from "./gather-content.ts";
import { type IndexedImage, retiredImages } from "./index-content.ts";
import { planContent } from "./plan-content.ts";
import type { PublishDependencies, PublishOptions, PublishPlan } from "./publication.ts";
import { highestVersion } from "./published-state.ts";
import { checkEmpty } from "./staging.ts";
import { neededBy, readShown } from "./work.ts";

/** What `publishImages` would do with the same arguments. Writes nothing into the repository and asks no signer. @throws as that does */
export async function planPublication(choices: PublishOptions, dependencies: PublishDependencies): Promise<PublishPlan> {
  const options = { ...choices, directory: resolve(choices.directory) };
  const { directory, promotions, keep, verify = false } = options;
  if ((await highestVersion(directory, "freshness")) === 0) await checkEmpty(directory);
  await using memory = await makeTempDirectory(tmpdir(), "rbuild-publish-");
  const shown = await readShown(options, dependencies, memory.path);
  const { before } = shown;
  const examined = await examineImages(await wantedOf(options, dependencies), before, { directory, isHashed: verify });
  const added = examined.filter(({ state }) => state === "new").map((image) => entryOf(image, options.channel, timeText(dependencies.clock.now())));
  const additions = { images: added, blobs: [], deltas: [], locks: [], pool: [] };
  const content = planContent(before, additions, { promotions, needs: new Map(), ...(keep === undefined ? {} : { keep }) });
  const images: PublishPlan["images"][number][] = [];
  for (const image of examined) images.push(await planImage(image, before, dependencies));
  const needed = neededBy({ ...shown, options, dependencies }, content);
  const mends = examined.some(({ state }) => state === "repaired") ? "repair" : "nothing";
  const would = ({ index: "publish", freshness: "renew", nothing: mends } as const)[needed];
  return { kind: "planned", directory, would, images, retired: retiredImages(before, content) };
}

/** Layers and lock are not known yet, and nothing here depends on them. */
function entryOf({ wanted }: ExaminedImage, channel: string, released: string): IndexedImage {
  const { name, version, architecture, manifest, config } = wanted;
  return { name, version, architecture, channels: [channel], compatibilityVersion: 1, released, manifest, config, layers: [], lock: manifest };
}
