import type { ContainerId, ContainerMount, Engine, Image } from "../../../engine/index.ts";
import { familiarName } from "../../image-names.ts";
import { imagePortsOf } from "../../translate/answer/container-inspect.ts";
import { translateCreate } from "../../translate/create/container-create.ts";
import type { CreateBody } from "../../translate/create/create-body.ts";
import { inheritMounts } from "../../translate/create/volumes-from.ts";
import { requireHostPlatform } from "../../translate/platform.ts";

/** Makes the container that a create request asks for. */
export async function createByBody(
  engine: Engine,
  asked: CreateBody,
  { name, platform }: { readonly name?: string | undefined; readonly platform?: string | undefined },
): Promise<{ readonly id: ContainerId; readonly warnings: readonly string[] }> {
  const body = { ...asked, Image: familiarName(asked.Image) };
  requireHostPlatform(platform);
  const { spec, warnings } = translateCreate(body, {
    ...(name === undefined ? {} : { name }),
    imagePorts: body.HostConfig.PublishAllPorts ? imagePortsOf(await imageOf(engine, body.Image)) : [],
    inheritedMounts: await mountsFrom(engine, body.HostConfig.VolumesFrom),
  });
  const info = await engine.containers.create(spec);
  return { id: info.id, warnings: [...warnings, ...info.warnings] };
}

const imageOf = (engine: Engine, lookup: string): Promise<Image | undefined> => engine.images.find(lookup);

async function mountsFrom(engine: Engine, sources: readonly string[]): Promise<ContainerMount[]> {
  const mounts: ContainerMount[] = [];
  for (const source of sources) mounts.push(...inheritMounts(source, await engine.containers.get(source.split(":")[0] ?? "")));
  return mounts;
}
