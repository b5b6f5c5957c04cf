import type Docker from "dockerode";
import { buildLabels, LABELS } from "../../container-host/labels.ts";
import type { BuildId } from "../life/build-id.ts";

/** Name of the proxy's image definition, and of its host in a linked container. */
export const PROXY_IMAGE = "apt-cacher-ng";
export const PROXY_PORT = 3142;
const CACHE_DIRECTORY = "/var/cache/apt-cacher-ng";

export interface ProxyPlan {
  readonly buildId: BuildId;
  readonly tree: string;
  readonly stateDirectory: string;
  readonly imageId: string;
  /** Proxy that it goes through itself. */
  readonly upstream: string | undefined;
  /** Bytes; default `MAX_CACHE_BYTES`. */
  readonly cacheLimit?: number;
}

/** A container of the proxy's image on a cache. `command` is for the image's `rbuild-proxy`. No capabilities: it runs as a user of its own. */
export function proxyContainer(plan: ProxyPlan, role: "proxy" | "shrink", volume: string, command: readonly string[]): Docker.ContainerCreateOptions {
  return {
    name: proxyName(plan.buildId, role),
    Image: plan.imageId,
    Hostname: PROXY_IMAGE,
    Cmd: [...command],
    Labels: { ...buildLabels({ ...plan, role }), [LABELS.cache]: volume },
    HostConfig: {
      NetworkMode: role === "proxy" ? "bridge" : "none",
      CapDrop: ["ALL"],
      Mounts: [{ Type: "volume", Source: volume, Target: CACHE_DIRECTORY }],
    },
  };
}

export const proxyName = (id: BuildId, role: "proxy" | "shrink"): string => `rbuild-${id}-${role}`;
