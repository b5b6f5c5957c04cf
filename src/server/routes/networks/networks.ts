import { z } from "zod";
import type { NetworkInfo } from "../../../engine/index.ts";
import { empty, json } from "../../http/answer.ts";
import { lenient, readJson } from "../../http/body.ts";
import { anyOf, type Filters, flagFilter, labelsPass, readFilters } from "../../http/filters.ts";
import type { Handler, Route } from "../../http/router.ts";
import { networkAnswer } from "../../translate/answer/network-answers.ts";
import { endpointSchema } from "../../translate/create/create-body.ts";
import { translateEndpoint } from "../../translate/create/networks.ts";
import { invalidOption, unsupportedOption } from "../../translate/create/refusal.ts";

const PREDEFINED = new Set(["bridge", "host", "none"]);

const createSchema = z.object({
  Name: lenient.text,
  Driver: lenient.text,
  Internal: lenient.flag,
  EnableIPv6: z.boolean().nullish(),
  IPAM: z
    .object({
      Driver: lenient.text,
      Config: z
        .array(z.object({ Subnet: lenient.text, Gateway: lenient.text, IPRange: lenient.text }))
        .nullish()
        .transform((value) => value ?? []),
    })
    .nullish(),
  Options: lenient.record,
  Labels: lenient.record,
});

const listNetworks: Handler = async ({ query }, { engine }) => {
  const filters = readFilters(query, ["dangling", "driver", "id", "label", "name", "scope", "type"]);
  const networks = (await engine.networks.list()).filter((network) => passes(network, filters));
  return json(networks.map((network) => networkAnswer(network, { containers: false })));
};

function passes(network: NetworkInfo, filters: Filters): boolean {
  const custom = !PREDEFINED.has(network.name);
  const dangling = flagFilter(filters, "dangling");
  return (
    labelsPass(filters, network.labels) &&
    anyOf(filters, "driver", (driver) => driver === network.driver) &&
    anyOf(filters, "id", (id) => network.id.startsWith(id)) &&
    anyOf(filters, "name", (name) => network.name.includes(name)) &&
    anyOf(filters, "scope", (scope) => scope === "local") &&
    anyOf(filters, "type", (type) => type === (custom ? "custom" : "builtin")) &&
    (dangling === undefined || dangling === (custom && network.containers.length === 0))
  );
}

const inspectNetwork: Handler = async ({ params }, { engine }) => json(networkAnswer(await engine.networks.get(params["id"] ?? ""), { containers: true }));

const createNetwork: Handler = async ({ message }, { engine }) => {
  const body = await readJson(message, createSchema);
  if (body.Name === "") throw invalidOption("network name", body.Name, "it is empty");
  if (body.Driver !== "" && body.Driver !== "bridge" && body.Driver !== "default") throw unsupportedOption("network driver", body.Driver);
  if (body.EnableIPv6) throw unsupportedOption("ipv6", "true");
  const [pool, ...more] = body.IPAM?.Config ?? [];
  if (more.length > 0) throw unsupportedOption("several subnets", more.map(({ Subnet }) => Subnet).join(","));
  if (pool?.IPRange) throw unsupportedOption("ip-range", pool.IPRange);
  const network = await engine.networks.create({
    name: body.Name,
    driver: "bridge",
    internal: body.Internal,
    ...(pool?.Subnet ? { subnet: pool.Subnet } : {}),
    ...(pool?.Gateway ? { gateway: pool.Gateway } : {}),
    labels: body.Labels,
    options: body.Options,
  });
  return json({ Id: network.id, Warning: "" }, 201);
};

const removeNetwork: Handler = async ({ params }, { engine }) => {
  await engine.networks.remove(params["id"] ?? "");
  return empty();
};

const pruneNetworks: Handler = async ({ query }, { engine }) => {
  const filters = readFilters(query, ["label", "label!", "until"]);
  const wanted = new Set((await engine.containers.list()).flatMap(({ spec }) => (spec.networks ?? []).map(({ network }) => network)));
  const deleted: string[] = [];
  for (const network of await engine.networks.list()) {
    if (PREDEFINED.has(network.name) || network.containers.length > 0 || wanted.has(network.name) || wanted.has(network.id)) continue;
    if (!labelsPass(filters, network.labels)) continue;
    await engine.networks.remove(network.id);
    deleted.push(network.name);
  }
  return json({ NetworksDeleted: deleted });
};

const connectSchema = z.object({ Container: lenient.text, EndpointConfig: endpointSchema.nullish() });

const connect: Handler = async ({ params, message }, { engine }) => {
  const body = await readJson(message, connectSchema);
  const network = await engine.networks.get(params["id"] ?? "");
  const { network: _, ...attachment } = translateEndpoint(network.name, body.EndpointConfig ?? undefined);
  await engine.containers.connect(body.Container, network, attachment);
  return empty(200);
};

const disconnect: Handler = async ({ params, message }, { engine }) => {
  const body = await readJson(message, z.object({ Container: lenient.text }));
  await engine.containers.disconnect(body.Container, await engine.networks.get(params["id"] ?? ""));
  return empty(200);
};

export const NETWORK_ROUTES: readonly Route[] = [
  { method: "GET", path: "/networks", handle: listNetworks },
  { method: "POST", path: "/networks/create", handle: createNetwork },
  { method: "POST", path: "/networks/prune", handle: pruneNetworks },
  { method: "GET", path: "/networks/{id}", handle: inspectNetwork },
  { method: "DELETE", path: "/networks/{id}", handle: removeNetwork },
  { method: "POST", path: "/networks/{id}/connect", handle: connect },
  { method: "POST", path: "/networks/{id}/disconnect", handle: disconnect },
];
