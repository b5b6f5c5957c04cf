import type { ContainerMount, Engine, Image } from "../../../engine/index.ts";
import { json } from "../../http/answer.ts";
import { readJson } from "../../http/body.ts";
import type { Handler } from "../../http/router.ts";
import { familiarName } from "../../image-names.ts";
import { imagePortsOf } from "../../translate/answer/container-inspect.ts";
import { translateCreate } from "../../translate/create/container-create.ts";
import { createBodySchema } from "../../translate/create/create-body.ts";
import { inheritMounts } from "../../translate/create/volumes-from.ts";
import { requireHostPlatform } from "../../translate/platform.ts";

export const createContainer: Handler = async ({ message, query }, { engine }) => {
  const asked = await readJson(message, createBodySchema);
  const body = { ...asked, Image: familiarName(asked.Image) };
  requireHostPlatform(query.text("platform"));
  const name = query.text("name");
  const { spec, warnings } = translateCreate(body, {
    ...(name === undefined ? {} : { name }),
    imagePorts: body.HostConfig.PublishAllPorts ? imagePortsOf(await imageOf(engine, body.Image)) : [],
    inheritedMounts: await mountsFrom(engine, body.HostConfig.VolumesFrom),
  });
  const info = await engine.containers.create(spec);
  return json({ Id: info.id, Warnings: [...warnings, ...info.warnings] }, 201);
};

const imageOf = (engine: Engine, lookup: string): Promise<Image | undefined> => engine.images.find(lookup);

async function mountsFrom(engine: Engine, sources: readonly string[]): Promise<ContainerMount[]> {
  const mounts: ContainerMount[] = [];
  for (const source of sources) mounts.push(...inheritMounts(source, await engine.containers.get(source.split(":")[0] ?? "")));
  return mounts;
}
