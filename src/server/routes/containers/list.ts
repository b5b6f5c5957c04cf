import type { ContainerInfo, Image } from "../../../engine/index.ts";
import type { ServerContext } from "../../context.ts";
import { json } from "../../http/answer.ts";
import { anyOf, type Filters, filterInvalid, flagFilter, labelsPass, readFilters } from "../../http/filters.ts";
import type { Handler } from "../../http/router.ts";
import { familiarName } from "../../image-names.ts";
import { containerSizes, imagesById } from "../../sizes.ts";
import { dockerStatus, exitCodeOf } from "../../translate/answer/container-state.ts";
import { containerSummary, labelsOf } from "../../translate/answer/container-summary.ts";
import { parsePort, portText } from "../../translate/create/ports.ts";

const FILTERS = ["ancestor", "before", "exited", "expose", "health", "id", "is-task", "label", "name", "network", "publish", "since", "status", "volume"];
const STATUSES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

export const listContainers: Handler = async ({ query }, context) => {
  const filters = readFilters(query, FILTERS);
  const limit = query.integer("limit") ?? query.integer("last") ?? -1;
  // Asking for states, for the newest few or relative to another one asks beyond the running ones.
  const all = query.flag("all") || limit > 0 || ["status", "exited", "before", "since"].some((name) => filters.has(name));
  const images = await imagesById(context.engine);
  const wanted = await createMatcher(filters, images, context);
  const matching = (await context.engine.containers.list()).filter((info) => (all || info.state.kind === "running") && wanted(info)).toSorted(newestFirst);
  const rows = limit > 0 ? matching.slice(0, limit) : matching;
  return json(await Promise.all(rows.map((info) => summary(info, images.get(info.imageId), query.flag("size"), context))));
};

async function summary(info: ContainerInfo, image: Image | undefined, withSizes: boolean, { engine, clock }: ServerContext) {
  return containerSummary(info, image, clock.now(), withSizes ? await containerSizes(engine, info, image) : undefined);
}

const newestFirst = (a: ContainerInfo, b: ContainerInfo) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.id < b.id ? -1 : 1);

async function createMatcher(filters: Filters, images: ReadonlyMap<string, Image>, { engine }: ServerContext): Promise<(info: ContainerInfo) => boolean> {
  for (const status of filters.get("status") ?? []) if (!STATUSES.includes(status)) throw filterInvalid(`invalid filter 'status=${status}'`);
  const other = async (name: string) => {
    const [lookup] = filters.get(name) ?? [];
    return lookup === undefined ? undefined : Date.parse((await engine.containers.get(lookup)).createdAt);
  };
  const [before, since] = [await other("before"), await other("since")];
  const ancestors = await Promise.all((filters.get("ancestor") ?? []).map(async (lookup) => (await engine.images.find(familiarName(lookup)))?.id));
  const ports = (name: string) => (filters.get(name) ?? []).map((text) => portText(parsePort(text)));
  const [published, exposed] = [ports("publish"), ports("expose")];
  return (info) => {
    const createdAt = Date.parse(info.createdAt);
    const networks = [
      ...info.endpoints.flatMap(({ networkId, networkName }) => [networkId, networkName]),
      ...(info.spec.networks ?? []).map(({ network }) => network),
    ];
    const image = images.get(info.imageId);
    const open = [...(info.spec.ports ?? []), ...(info.spec.exposedPorts ?? [])].map(portText);
    return (
      anyOf(filters, "id", (id) => info.id.startsWith(id)) &&
      anyOf(filters, "name", (pattern) => nameMatches(info.name, pattern)) &&
      labelsPass(filters, labelsOf(info, image)) &&
      anyOf(filters, "exited", (code) => info.state.kind === "exited" && String(exitCodeOf(info.state)) === code) &&
      anyOf(filters, "status", (status) => dockerStatus(info.state) === status) &&
      (!filters.has("ancestor") || ancestors.includes(info.imageId)) &&
      (before === undefined || createdAt < before) &&
      (since === undefined || createdAt > since) &&
      anyOf(filters, "volume", (volume) => info.mounts.some(({ volumeName, target }) => volumeName === volume || target === volume)) &&
      anyOf(filters, "network", (network) => networks.includes(network)) &&
      anyOf(filters, "health", (health) => health === "none") &&
      flagFilter(filters, "is-task") !== true &&
      (published.length === 0 || (info.spec.ports ?? []).some((port) => published.includes(portText(port)))) &&
      (exposed.length === 0 || [...open, ...Object.keys(image?.config.config?.ExposedPorts ?? {})].some((port) => exposed.includes(port)))
    );
  };
}

/** Docker takes a regular expression that may begin with the name's slash; what is none is taken as it stands. */
function nameMatches(name: string, pattern: string): boolean {
  try {
    const expression = new RegExp(pattern.slice(0, 255));
    return expression.test(`/${name}`) || expression.test(name);
  } catch {
    return name.includes(pattern);
  }
}
