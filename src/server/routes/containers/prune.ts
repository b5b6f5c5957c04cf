import { json } from "../../http/answer.ts";
import { labelsPass, readFilters } from "../../http/filters.ts";
import type { Handler } from "../../http/router.ts";
import { untilFilter } from "../../http/until.ts";
import { containerSizes } from "../../sizes.ts";

/** Removes every container that does not run. */
export const pruneContainers: Handler = async ({ query }, { engine, clock }) => {
  const filters = readFilters(query, ["label", "label!", "until"]);
  const until = untilFilter(filters, clock.now());
  const ContainersDeleted: string[] = [];
  let SpaceReclaimed = 0;
  for (const info of await engine.containers.list()) {
    if (info.state.kind === "running" || !labelsPass(filters, info.spec.labels ?? {})) continue;
    if (until && Date.parse(info.createdAt) >= until.getTime()) continue;
    const { rw } = await containerSizes(engine, info, undefined);
    await engine.containers.remove(info.id);
    ContainersDeleted.push(info.id);
    SpaceReclaimed += rw;
  }
  return json({ ContainersDeleted: ContainersDeleted.length > 0 ? ContainersDeleted : null, SpaceReclaimed });
};
