import { json } from "../../http/answer.ts";
import type { Handler } from "../../http/router.ts";
import { containerSizes } from "../../sizes.ts";
import { containerInspect } from "../../translate/answer/container-inspect.ts";

export const inspectContainer: Handler = async ({ params, query, version }, { engine }) => {
  const info = await engine.containers.get(params["id"] ?? "");
  const image = await engine.images.find(info.imageId);
  return json(containerInspect(info, image, version, query.flag("size") ? await containerSizes(engine, info, image) : undefined));
};

const CHANGE_KINDS = { modified: 0, added: 1, deleted: 2 } as const;

export const getChanges: Handler = async ({ params }, { engine }) => {
  const changes = await engine.containers.changes(params["id"] ?? "");
  return json(changes.length === 0 ? null : changes.map(({ kind, path }) => ({ Path: path, Kind: CHANGE_KINDS[kind] })));
};

export const getTop: Handler = async ({ params, query }, { engine }) => {
  const args = query.text("ps_args");
  const { titles, processes } = await engine.containers.top(
    params["id"] ?? "",
    args?.split(/\s+/).filter((word) => word !== ""),
  );
  return json({ Processes: processes, Titles: titles });
};
