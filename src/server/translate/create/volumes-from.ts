import type { BindMount, ContainerInfo, ContainerMount } from "../../../engine/index.ts";
import { invalidOption } from "./refusal.ts";

/** `--volumes-from name[:ro|rw]`: the binds and volumes the other container really has. */
export function inheritMounts(text: string, other: Pick<ContainerInfo, "mounts">): ContainerMount[] {
  const [, mode = ""] = text.split(":");
  if (!["", "ro", "rw", "z", "Z"].includes(mode)) throw invalidOption("volumes-from", text, "the mode is ro or rw");
  return other.mounts.flatMap((mount): ContainerMount[] => {
    const readOnly = mount.readOnly || mode === "ro";
    switch (mount.kind) {
      case "bind":
        return [
          {
            kind: "bind",
            source: mount.source,
            target: mount.target,
            readOnly,
            ...(mount.propagation ? { propagation: mount.propagation as NonNullable<BindMount["propagation"]> } : {}),
          },
        ];
      case "volume":
        return mount.volumeName === undefined ? [] : [{ kind: "volume", name: mount.volumeName, target: mount.target, readOnly, noCopy: true }];
      case "tmpfs":
        return [];
      default:
        return mount.kind satisfies never;
    }
  });
}
