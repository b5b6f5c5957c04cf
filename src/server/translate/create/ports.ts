import type { PortBinding } from "../../../engine/index.ts";
import type { HostConfigBody } from "./host-config-body.ts";
import { invalidOption, unsupportedOption } from "./refusal.ts";

type ExposedPort = Pick<PortBinding, "containerPort" | "protocol">;

/** `80/tcp`, `80`. */
export function parsePort(text: string): ExposedPort {
  const [number = "", protocol = "tcp"] = text.toLowerCase().split("/");
  const containerPort = Number(number);
  if (!/^\d{1,5}$/.test(number) || containerPort < 1 || containerPort > 65_535)
    throw invalidOption("port", text, "it is not a number from 1 to 65535 and a protocol");
  if (protocol !== "tcp" && protocol !== "udp") throw unsupportedOption("port protocol", protocol);
  return { containerPort, protocol };
}

export const portText = (port: ExposedPort): string => `${port.containerPort}/${port.protocol}`;

/**
 * @param exposed what the image and the request together say the container listens on: published too when `PublishAllPorts`
 */
export function translatePorts(host: Pick<HostConfigBody, "PortBindings" | "PublishAllPorts">, exposed: readonly ExposedPort[]): PortBinding[] {
  const bound = Object.entries(host.PortBindings).flatMap(([port, bindings]) => {
    const places = bindings?.length ? bindings : [{ HostIp: "", HostPort: "" }];
    return places.map(({ HostIp, HostPort }): PortBinding => {
      const hostPort = HostPort === "" || HostPort === "0" ? undefined : parsePort(HostPort).containerPort;
      return { ...parsePort(port), ...(HostIp ? { hostIp: HostIp } : {}), ...(hostPort === undefined ? {} : { hostPort }) };
    });
  });
  if (!host.PublishAllPorts) return bound;
  const taken = new Set(bound.map(portText));
  return [...bound, ...exposed.filter((port) => !taken.has(portText(port)))];
}
