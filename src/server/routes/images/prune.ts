import { json } from "../../http/answer.ts";
import { flagFilter, labelsPass, readFilters } from "../../http/filters.ts";
import type { Handler } from "../../http/router.ts";
import { untilFilter } from "../../http/until.ts";
import { unixSeconds } from "../../translate/answer/time.ts";

/** Images no container uses: those without a reference, or with `dangling=false` all. */
export const pruneImages: Handler = async ({ query }, { engine, clock }) => {
  const filters = readFilters(query, ["dangling", "label", "label!", "until"]);
  const danglingOnly = flagFilter(filters, "dangling") ?? true;
  const until = untilFilter(filters, clock.now());
  const used = new Set<string>((await engine.containers.list()).map(({ imageId }) => imageId));
  const ImagesDeleted: ({ Untagged: string } | { Deleted: string })[] = [];
  let SpaceReclaimed = 0;
  for (const image of await engine.images.list()) {
    if (used.has(image.id) || (danglingOnly && image.references.length > 0)) continue;
    if (!labelsPass(filters, image.config.config?.Labels ?? {})) continue;
    if (until && unixSeconds(image.config.created) * 1000 >= until.getTime()) continue;
    const { untagged, deleted } = await engine.images.remove(image.id, { force: true });
    ImagesDeleted.push(...untagged.map((Untagged) => ({ Untagged })), ...deleted.map((Deleted) => ({ Deleted })));
    if (deleted.length > 0) SpaceReclaimed += image.size;
  }
  return json({ ImagesDeleted: ImagesDeleted.length > 0 ? ImagesDeleted : null, SpaceReclaimed });
};
