import type { NetworkInfo } from "../../../engine/index.ts";

/** GET /networks and /networks/{id}; the list leaves the containers out. */
export function networkAnswer(network: NetworkInfo, options: { readonly containers: boolean }) {
  const ipam = network.subnet ? [{ Subnet: network.subnet, ...(network.gateway ? { Gateway: network.gateway } : {}) }] : [];
  return {
    Name: network.name,
    Id: network.id,
    Created: network.createdAt,
    Scope: "local",
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: ipam },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: options.containers ? Object.fromEntries(network.containers.map((container) => [container.id, networkContainer(container)])) : {},
    Options: network.options,
    Labels: network.labels,
  };
}

const networkContainer = ({ id, name, address, macAddress }: NetworkInfo["containers"][number]) => ({
  Name: name,
  EndpointID: address ? id : "",
  MacAddress: macAddress,
  IPv4Address: address,
  IPv6Address: "",
});
