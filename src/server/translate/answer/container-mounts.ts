import type { ContainerInfo, ResolvedMount } from "../../../engine/index.ts";

/** `Mounts` of container answers. */
export function mountPoints(info: Pick<ContainerInfo, "mounts">) {
  return info.mounts.map((mount) => ({
    ...origin(mount),
    Destination: mount.target,
    Mode: mount.readOnly ? "ro" : mount.kind === "volume" ? "z" : "",
    RW: !mount.readOnly,
    Propagation: mount.kind === "bind" ? (mount.propagation ?? "rprivate") : "",
  }));
}

function origin(mount: ResolvedMount) {
  switch (mount.kind) {
    case "bind":
      return { Type: "bind", Source: mount.source };
    case "volume":
      return { Type: "volume", Name: mount.volumeName ?? "", Source: mount.source, Driver: "local" };
    case "tmpfs":
      return { Type: "tmpfs", Source: "" };
    default:
      return mount.kind satisfies never;
  }
}
