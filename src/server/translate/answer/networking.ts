import type { ContainerInfo, Endpoint } from "../../../engine/index.ts";
import { type ApiVersion, MAX_API_VERSION } from "../../http/api-version.ts";
import { portText } from "../create/ports.ts";

/** The engine keeps endpoints without an id of their own; Docker's clients only ever compare it with nothing. */
const endpointId = (endpoint: Endpoint, containerId: string) => (endpoint.address ? containerId : "");

export function endpointSettings(info: ContainerInfo, version: ApiVersion = MAX_API_VERSION) {
  const links = info.spec.networks?.[0]?.links?.map(({ container, alias }) => `${container}:${alias}`);
  return Object.fromEntries(
    endpointsOf(info).map((endpoint, index) => [
      endpoint.networkName,
      {
        IPAMConfig: null,
        Links: index === 0 && links?.length ? links : null,
        Aliases: orNull(aliasesFor(version, endpoint, info)),
        MacAddress: endpoint.macAddress ?? "",
        DriverOpts: null,
        GwPriority: 0,
        NetworkID: endpoint.networkId,
        EndpointID: endpointId(endpoint, info.id),
        Gateway: endpoint.gateway ?? "",
        IPAddress: endpoint.address ?? "",
        IPPrefixLen: endpoint.prefixLength ?? 0,
        IPv6Gateway: "",
        GlobalIPv6Address: "",
        GlobalIPv6PrefixLen: 0,
        DNSNames: orNull(endpoint.aliases),
      },
    ]),
  );
}

/** Where it is, or where it will be when it is started. */
function endpointsOf({ endpoints, spec }: ContainerInfo): readonly Endpoint[] {
  if (endpoints.length > 0) return endpoints;
  const wanted = (spec.networks ?? [{ network: "bridge" }]).filter(({ network }) => !network.startsWith("container:"));
  return wanted.map(({ network, aliases }) => ({ networkName: network, networkId: "", aliases: aliases ?? [] }));
}

/** Before 1.45 the short id was among the aliases of a container in a network of users'; docker-compose 1 looks for it. */
function aliasesFor(version: ApiVersion, { networkName, aliases }: Endpoint, { id }: ContainerInfo): readonly string[] {
  return version.minor >= 45 || PREDEFINED.has(networkName) ? aliases : [...new Set([...aliases, id.slice(0, 12)])];
}

const PREDEFINED = new Set(["bridge", "host", "none"]);
const orNull = (texts: readonly string[]) => (texts.length > 0 ? texts : null);

/** `NetworkSettings` of GET /containers/{id}/json. */
export function networkSettings(info: ContainerInfo, imagePorts: readonly string[], version: ApiVersion) {
  const bridge = info.endpoints.find((endpoint) => endpoint.networkName === "bridge");
  return {
    Bridge: "",
    SandboxID: info.state.kind === "running" ? info.id : "",
    SandboxKey: "",
    Ports: info.state.kind === "running" ? portMap(info, imagePorts) : {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge ? endpointId(bridge, info.id) : "",
    Gateway: bridge?.gateway ?? "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: bridge?.address ?? "",
    IPPrefixLen: bridge?.prefixLength ?? 0,
    IPv6Gateway: "",
    MacAddress: bridge?.macAddress ?? "",
    Networks: endpointSettings(info, version),
  };
}

/** Every port the container listens on: published ones with their places, others null. */
function portMap(info: ContainerInfo, imagePorts: readonly string[]): Record<string, { HostIp: string; HostPort: string }[] | null> {
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const port of [...imagePorts, ...(info.spec.exposedPorts ?? []).map(portText)]) map[port] = null;
  for (const port of info.publishedPorts ?? []) {
    (map[portText(port)] ??= []).push({ HostIp: port.hostIp ?? "0.0.0.0", HostPort: String(port.hostPort) });
  }
  return map;
}

/** `Ports` of the container list. */
export function portList(info: ContainerInfo, imagePorts: readonly string[]) {
  if (info.state.kind !== "running") return [];
  return Object.entries(portMap(info, imagePorts)).flatMap(([port, places]) => {
    const [number, Type = "tcp"] = port.split("/");
    const PrivatePort = Number(number);
    return places ? places.map(({ HostIp, HostPort }) => ({ IP: HostIp, PrivatePort, PublicPort: Number(HostPort), Type })) : [{ PrivatePort, Type }];
  });
}
