import type { ResolvedMount, TmpfsMount } from "../../containers/container.ts";
import type { SpecMount } from "./runtime-spec.ts";

/** A bind mount of a host's file or directory. */
export function bindMount(source: string, destination: string, options: { readonly readOnly?: boolean; readonly propagation?: string } = {}): SpecMount {
  return { destination, type: "bind", source, options: ["rbind", options.readOnly ? "ro" : "rw", options.propagation ?? "rprivate"] };
}

export function resolvedMount(mount: ResolvedMount): SpecMount {
  return bindMount(mount.source, mount.target, { readOnly: mount.readOnly, ...(mount.propagation ? { propagation: mount.propagation } : {}) });
}

export function tmpfsMount(mount: TmpfsMount): SpecMount {
  // A default goes where the request says the opposite: a runtime need not let the later of two win, and crun does not.
  const asked = mount.options ?? [];
  const defaults = ["nosuid", "nodev"].filter((option) => !asked.includes(option.slice(2)));
  return {
    destination: mount.target,
    type: "tmpfs",
    source: "tmpfs",
    options: [
      ...defaults,
      ...(mount.readOnly ? ["ro"] : []),
      `mode=${(mount.mode ?? 0o1777).toString(8)}`,
      ...(mount.size === undefined ? [] : [`size=${mount.size}`]),
      ...asked.filter((option) => option !== "suid" && option !== "dev"),
    ],
  };
}

/** Parents before what is mounted inside them, else in the order given. */
export function inMountingOrder(mounts: readonly SpecMount[]): SpecMount[] {
  const depth = (mount: SpecMount) => mount.destination.split("/").filter(Boolean).length;
  return mounts.toSorted((a, b) => depth(a) - depth(b));
}
