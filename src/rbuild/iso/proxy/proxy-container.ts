import type Docker from "dockerode";
import { buildLabels, LABELS } from "../../container-host/labels.ts";
import { CONTAINER } from "../container/paths.ts";
import type { BuildId } from "../life/build-id.ts";

/** Name of the proxy's image definition, and of its host for a build's container. */
export const PROXY_IMAGE = "apt-cacher-ng";
export const PROXY_PORT = 3142;
/** Host in the URLs of locked archives: nothing answers to it but the proxy. */
const LOCKED_HOST = "locked-archive";
const CACHE_DIRECTORY = "/var/cache/apt-cacher-ng";
const ARCHIVE_DIRECTORY = "/srv/archive";
/** apt-cacher-ng's name for it. No archive can be called so. */
const ARCHIVE_FILES = "locked.files";

/** What the proxy answers with. */
export type ProxyContent =
  /** Whatever it is asked for; `upstream` is a proxy that it goes through itself. */
  | { readonly kind: "any"; readonly upstream: string | undefined }
  /** These archives and nothing else, URLs by name; what is asked for is noted. */
  | { readonly kind: "recorded"; readonly upstream: string | undefined; readonly archives: ReadonlyMap<string, string> }
  /** The archives in a directory of this host, on a loopback interface and nothing else; what is asked for is noted. */
  | { readonly kind: "locked"; readonly directory: string; readonly archives: readonly string[] };

export interface ProxyPlan {
  readonly buildId: BuildId;
  readonly tree: string;
  readonly stateDirectory: string;
  readonly imageId: string;
  readonly content: ProxyContent;
  /** Bytes; default `MAX_CACHE_BYTES`. */
  readonly cacheLimit?: number;
}

/** Where a build finds a recorded or locked archive. */
export const lockedUrl = (archive: string): string => `http://${LOCKED_HOST}/${archive}`;

export const proxyName = (id: BuildId, role: "proxy" | "shrink"): string => `rbuild-${id}-${role}`;

/** A container of the proxy's image. `command` is for the image's `rbuild-proxy`. No capabilities: it runs as a user of its own. */
function container(plan: ProxyPlan, role: "proxy" | "shrink", command: readonly string[]): Docker.ContainerCreateOptions {
  return {
    name: proxyName(plan.buildId, role),
    Image: plan.imageId,
    Hostname: PROXY_IMAGE,
    Cmd: [...command],
    Labels: buildLabels({ ...plan, role }),
  };
}

/** @param volume that the cache is on */
export function cachingProxy(plan: ProxyPlan, role: "proxy" | "shrink", volume: string, command: readonly string[]): Docker.ContainerCreateOptions {
  const options = container(plan, role, command);
  return {
    ...options,
    Labels: { ...options.Labels, [LABELS.cache]: volume },
    HostConfig: {
      NetworkMode: role === "proxy" ? "bridge" : "none",
      CapDrop: ["ALL"],
      Mounts: [{ Type: "volume", Source: volume, Target: CACHE_DIRECTORY }],
    },
  };
}

/**
 * Whoever is to reach it joins its network, and has its host name then. What it copies on the way is on a volume of its own, which goes
 * with it.
 */
export function lockedProxy(plan: ProxyPlan, content: Extract<ProxyContent, { kind: "locked" }>): Docker.ContainerCreateOptions {
  return {
    ...container(plan, "proxy", serveCommand(content)),
    Hostname: CONTAINER.hostname,
    HostConfig: {
      NetworkMode: "none",
      CapDrop: ["ALL"],
      Mounts: [{ Type: "bind", Source: content.directory, Target: ARCHIVE_DIRECTORY, ReadOnly: true }],
    },
  };
}

/** The command that serves. Its settings are apt-cacher-ng's. */
export function serveCommand(content: ProxyContent): string[] {
  const upstream = content.kind === "locked" || content.upstream === undefined ? [] : [`Proxy=${content.upstream}`];
  // Only what is mapped is answered, https is not passed through unseen, and the log has paths.
  const managed = ["ForceManaged=1", "PassThroughPattern=^$", "VerboseLog=1"];
  const map = (name: string, url: string) => `Remap-${name}=${lockedUrl(name)} /${name} ; ${url}`;
  switch (content.kind) {
    case "any":
      return ["serve", ...upstream];
    case "recorded":
      return ["serve", ...upstream, ...managed, ...[...content.archives].map(([name, url]) => map(name, url))];
    case "locked": {
      // Through itself: what comes out of a local directory leaves no path in its log.
      const local = content.archives.map((name) => map(name, `http://127.0.0.1:${PROXY_PORT}/${ARCHIVE_FILES}/${name}`));
      return ["serve", ...managed, `LocalDirs=${ARCHIVE_FILES} ${ARCHIVE_DIRECTORY}`, ...local];
    }
    default:
      return content satisfies never;
  }
}
