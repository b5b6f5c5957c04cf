/** Where the container's network is: the host's own, or a namespace at a path. */
export type NetworkNamespace = { readonly kind: "host" } | { readonly kind: "namespace"; readonly path: string };

/** `cgroup`: hide the host's groups; as Docker does on v2, where the view inside is usable. */
export function namespaces(network: NetworkNamespace, options: { readonly cgroup: boolean }): { type: string; path?: string }[] {
  return [
    { type: "pid" },
    { type: "ipc" },
    { type: "uts" },
    { type: "mount" },
    ...(network.kind === "namespace" ? [{ type: "network", path: network.path }] : []),
    ...(options.cgroup ? [{ type: "cgroup" }] : []),
  ];
}
