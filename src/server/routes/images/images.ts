import { empty, json } from "../../http/answer.ts";
import { parameterMissing } from "../../http/query.ts";
import type { Handler, Route } from "../../http/router.ts";
import { familiarName, referenceOf } from "../../image-names.ts";
import { imageHistory, imageInspect } from "../../translate/answer/image-answers.ts";
import { createImage } from "./create.ts";
import { listImages } from "./list.ts";
import { loadImages } from "./load.ts";
import { pruneImages } from "./prune.ts";
import { saveImage, saveImages } from "./save.ts";

const inspectImage: Handler = async ({ params, version }, { engine }) =>
  json(imageInspect(await engine.images.get(familiarName(params["name"] ?? "")), version));

const getHistory: Handler = async ({ params }, { engine }) => json(imageHistory(await engine.images.get(familiarName(params["name"] ?? ""))));

const tagImage: Handler = async ({ params, query }, { engine }) => {
  const reference = referenceOf(query.text("repo"), query.text("tag"));
  if (!reference) throw parameterMissing("repo");
  await engine.images.tag((await engine.images.get(familiarName(params["name"] ?? ""))).manifestDescriptor, reference);
  return empty(201);
};

const removeImage: Handler = async ({ params, query }, { engine }) => {
  const { untagged, deleted } = await engine.images.remove(familiarName(params["name"] ?? ""), { force: query.flag("force") });
  return json([...untagged.map((Untagged) => ({ Untagged })), ...deleted.map((Deleted) => ({ Deleted }))]);
};

export const IMAGE_ROUTES: readonly Route[] = [
  { method: "GET", path: "/images/json", handle: listImages },
  { method: "GET", path: "/images/get", handle: saveImages },
  { method: "POST", path: "/images/create", handle: createImage },
  { method: "POST", path: "/images/load", handle: loadImages },
  { method: "POST", path: "/images/prune", handle: pruneImages },
  { method: "GET", path: "/images/{name...}/json", handle: inspectImage },
  { method: "GET", path: "/images/{name...}/history", handle: getHistory },
  { method: "GET", path: "/images/{name...}/get", handle: saveImage },
  { method: "POST", path: "/images/{name...}/tag", handle: tagImage },
  { method: "DELETE", path: "/images/{name...}", handle: removeImage },
];
