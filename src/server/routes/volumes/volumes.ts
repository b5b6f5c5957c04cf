import { z } from "zod";
import type { VolumeInfo } from "../../../engine/index.ts";
import type { ServerContext } from "../../context.ts";
import { empty, json } from "../../http/answer.ts";
import { lenient, readJson } from "../../http/body.ts";
import { anyOf, type Filters, flagFilter, labelsPass, readFilters } from "../../http/filters.ts";
import type { Handler, Route } from "../../http/router.ts";
import { volumeAnswer } from "../../translate/answer/volume-answers.ts";
import { unsupportedOption } from "../../translate/create/refusal.ts";

const createSchema = z.object({ Name: lenient.text, Driver: lenient.text, DriverOpts: lenient.record, Labels: lenient.record }).nullable();

const listVolumes: Handler = async ({ query }, context) => {
  const filters = readFilters(query, ["dangling", "driver", "label", "name"]);
  const used = await usedVolumes(context);
  const dangling = flagFilter(filters, "dangling");
  const wanted = (volume: VolumeInfo) => passes(volume, filters) && (dangling === undefined || dangling === !used.has(volume.name));
  return json({ Volumes: (await context.engine.volumes.list()).filter(wanted).map(volumeAnswer), Warnings: null });
};

const passes = (volume: VolumeInfo, filters: Filters) =>
  labelsPass(filters, volume.labels) &&
  anyOf(filters, "name", (text) => volume.name.includes(text)) &&
  anyOf(filters, "driver", (driver) => driver === "local");

async function usedVolumes({ engine }: ServerContext): Promise<Set<string>> {
  return new Set((await engine.containers.list()).flatMap(({ mounts }) => mounts.flatMap(({ volumeName }) => (volumeName === undefined ? [] : [volumeName]))));
}

const createVolume: Handler = async ({ message }, { engine }) => {
  const body = await readJson(message, createSchema);
  if (body?.Driver && body.Driver !== "local") throw unsupportedOption("volume driver", body.Driver);
  const [option] = Object.entries(body?.DriverOpts ?? {});
  if (option) throw unsupportedOption("volume option", option.join("="));
  return json(volumeAnswer(await engine.volumes.create({ ...(body?.Name ? { name: body.Name } : {}), labels: body?.Labels ?? {} })), 201);
};

const inspectVolume: Handler = async ({ params }, { engine }) => json(volumeAnswer(await engine.volumes.get(params["name"] ?? "")));

const removeVolume: Handler = async ({ params, query }, { engine }) => {
  await engine.volumes.remove(params["name"] ?? "", { force: query.flag("force") });
  return empty();
};

/** Since API 1.42 anonymous volumes alone, unless `all` is filtered for; before that every unused one. */
const pruneVolumes: Handler = async ({ query, version }, context) => {
  const filters = readFilters(query, ["all", "label", "label!"]);
  const all = flagFilter(filters, "all") ?? version.minor < 42;
  const used = await usedVolumes(context);
  const doomed = (await context.engine.volumes.list()).filter(
    (volume) => !used.has(volume.name) && (all || volume.anonymous) && labelsPass(filters, volume.labels),
  );
  for (const volume of doomed) await context.engine.volumes.remove(volume.name);
  return json({ VolumesDeleted: doomed.map(({ name }) => name), SpaceReclaimed: 0 });
};

export const VOLUME_ROUTES: readonly Route[] = [
  { method: "GET", path: "/volumes", handle: listVolumes },
  { method: "POST", path: "/volumes/create", handle: createVolume },
  { method: "POST", path: "/volumes/prune", handle: pruneVolumes },
  { method: "GET", path: "/volumes/{name}", handle: inspectVolume },
  { method: "DELETE", path: "/volumes/{name}", handle: removeVolume },
];
