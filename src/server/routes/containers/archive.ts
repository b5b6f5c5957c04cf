import type { PathStat } from "../../../engine/index.ts";
import { empty } from "../../http/answer.ts";
import type { Handler } from "../../http/router.ts";
import { uploaded } from "../../http/upload.ts";
import { pathStatHeader } from "../../translate/answer/path-stat.ts";

const statHeaders = (stat: PathStat) => ({ "X-Docker-Container-Path-Stat": pathStatHeader(stat) });

export const statArchive: Handler = async ({ params, query }, { engine }) =>
  empty(200, statHeaders(await engine.containers.statPath(params["id"] ?? "", query.required("path"))));

export const getArchive: Handler = async ({ params, query }, { engine }) => {
  const { stat, tar } = await engine.containers.archive(params["id"] ?? "", query.required("path"));
  return { kind: "bytes", contentType: "application/x-tar", source: tar, headers: statHeaders(stat) };
};

export const putArchive: Handler = async ({ params, query, message }, { engine }) => {
  await engine.containers.extract(params["id"] ?? "", query.required("path"), uploaded(message), {
    noOverwriteDirNonDir: query.flag("noOverwriteDirNonDir"),
    copyUidGid: query.flag("copyUIDGID"),
  });
  return empty(200);
};

export const exportContainer: Handler = async ({ params }, { engine }) => {
  const id = params["id"] ?? "";
  await engine.containers.get(id);
  return { kind: "bytes", contentType: "application/octet-stream", source: engine.containers.export(id) };
};
