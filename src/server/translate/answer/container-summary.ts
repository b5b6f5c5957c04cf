import type { ContainerInfo, Image } from "../../../engine/index.ts";
import { type ContainerSizes, imagePortsOf } from "./container-inspect.ts";
import { mountPoints } from "./container-mounts.ts";
import { dockerStatus, statusText } from "./container-state.ts";
import { endpointSettings, portList } from "./networking.ts";
import { unixSeconds } from "./time.ts";

/** The labels a container shows: the image's and its own. */
export const labelsOf = (info: ContainerInfo, image: Image | undefined): Record<string, string> => ({ ...image?.config.config?.Labels, ...info.spec.labels });

/** One row of GET /containers/json. */
export function containerSummary(info: ContainerInfo, image: Image | undefined, now: Date, sizes?: ContainerSizes) {
  return {
    Id: info.id,
    Names: [`/${info.name}`],
    Image: info.spec.image,
    ImageID: info.imageId,
    Command: info.process.args.map(quoted).join(" "),
    Created: unixSeconds(info.createdAt),
    Ports: portList(info, imagePortsOf(image)),
    ...(sizes ? { SizeRw: sizes.rw, SizeRootFs: sizes.rootfs } : {}),
    Labels: labelsOf(info, image),
    State: dockerStatus(info.state),
    Status: statusText(info, now),
    HostConfig: { NetworkMode: info.spec.networks?.[0]?.network ?? "bridge" },
    NetworkSettings: { Networks: endpointSettings(info) },
    Mounts: mountPoints(info),
  };
}

const quoted = (argument: string) => (/\s/.test(argument) ? `'${argument}'` : argument);
