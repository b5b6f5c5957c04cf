import type { NetworkAttachment } from "../../../engine/index.ts";
import type { CreateBody, EndpointBody } from "./create-body.ts";
import { invalidOption, unsupportedOption } from "./refusal.ts";

type NetworkBody = Pick<CreateBody, "NetworkingConfig" | "NetworkDisabled"> & { readonly HostConfig: Pick<CreateBody["HostConfig"], "NetworkMode" | "Links"> };

/** The network mode first, then every further network of `EndpointsConfig`. */
export function translateNetworks(body: NetworkBody): NetworkAttachment[] {
  const mode = body.NetworkDisabled ? "none" : networkMode(body.HostConfig.NetworkMode);
  const endpoints = Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {});
  const ofMode = endpoints.find(([name]) => networkMode(name) === mode)?.[1];
  const first = translateEndpoint(mode, ofMode, body.HostConfig.Links);
  const others = endpoints.filter(([name]) => networkMode(name) !== mode);
  return [first, ...others.map(([name, endpoint]) => translateEndpoint(name, endpoint))];
}

export const networkMode = (text: string): string => (text === "" || text === "default" ? "bridge" : text);

/** @throws RbuildError `server.option-unsupported` */
export function translateEndpoint(network: string, endpoint: EndpointBody | undefined, links: readonly string[] = []): NetworkAttachment {
  if (endpoint?.IPAMConfig?.IPv4Address) throw unsupportedOption("ip", endpoint.IPAMConfig.IPv4Address);
  if (endpoint?.IPAMConfig?.IPv6Address) throw unsupportedOption("ip6", endpoint.IPAMConfig.IPv6Address);
  if (endpoint?.MacAddress) throw unsupportedOption("mac-address", endpoint.MacAddress);
  const allLinks = [...links, ...(endpoint?.Links ?? [])].map(translateLink);
  const aliases = [...new Set(endpoint?.Aliases)];
  return { network, ...(aliases.length > 0 ? { aliases } : {}), ...(allLinks.length > 0 ? { links: allLinks } : {}) };
}

/** `name:alias`, or `name` alone, which is its own alias. */
function translateLink(text: string): { readonly container: string; readonly alias: string } {
  const [name = "", alias = name, ...rest] = text.replace(/^\//, "").split(":");
  if (name === "" || alias === "" || rest.length > 0) throw invalidOption("link", text, "it is not name:alias");
  // Docker gives back links as /container:/this/alias and takes them in that form too.
  return { container: name, alias: alias.slice(alias.lastIndexOf("/") + 1) };
}
