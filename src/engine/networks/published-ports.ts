import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { isSystemError, RbuildError } from "../../system/index.ts";
import type { PortBinding } from "../containers/container.ts";
import { parseAddress } from "./ipv4.ts";

export type PublishedPort = PortBinding & { readonly hostPort: number };

const addressOf = (port: { readonly hostIp?: string | undefined }): string => port.hostIp ?? "0.0.0.0";

const collides = (a: PublishedPort, b: PublishedPort): boolean =>
  a.protocol === b.protocol && a.hostPort === b.hostPort && (addressOf(a) === "0.0.0.0" || addressOf(b) === "0.0.0.0" || addressOf(a) === addressOf(b));

/**
 * The bindings with their host ports chosen. A port is refused when a container has it published or something on the host
 * listens there; it is not held afterwards, the rules take it over.
 * @throws RbuildError `network.port-in-use`, `network.bad-host-address`
 */
export async function choosePorts(wanted: readonly PortBinding[], taken: readonly PublishedPort[]): Promise<readonly PublishedPort[]> {
  const chosen: PublishedPort[] = [];
  for (const binding of wanted) {
    if (parseAddress(addressOf(binding)) === undefined) throw badAddress(addressOf(binding));
    const port = { ...binding, hostPort: await claim(binding) };
    if ([...taken, ...chosen].some((other) => collides(other, port))) throw inUse(port);
    chosen.push(port);
  }
  return chosen;
}

function badAddress(address: string): RbuildError {
  return new RbuildError("network.bad-host-address", `a port cannot be published at ${JSON.stringify(address)}: it is no IPv4 address`, {
    category: "invalid",
    hint: "leave the address out, or give one of this host such as 127.0.0.1",
    details: { address },
  });
}

function inUse(port: PublishedPort, cause?: unknown): RbuildError {
  return new RbuildError("network.port-in-use", `port ${port.hostPort}/${port.protocol} of ${addressOf(port)} is taken on this host`, {
    category: "conflict",
    hint: `see who has it: ss -lnp 'sport = :${port.hostPort}'`,
    cause,
    details: { port: port.hostPort, protocol: port.protocol, address: addressOf(port) },
  });
}

/** Binds the port for a moment. Port 0 or none: the kernel's choice. */
async function claim(binding: PortBinding): Promise<number> {
  const { hostPort = 0, protocol } = binding;
  try {
    return await (protocol === "tcp" ? claimTcp : claimUdp)(addressOf(binding), hostPort);
  } catch (error) {
    if (isSystemError(error, "EADDRINUSE", "EADDRNOTAVAIL", "EACCES")) throw inUse({ ...binding, hostPort }, error);
    throw error;
  }
}

async function claimTcp(host: string, port: number): Promise<number> {
  const server = createServer().listen({ host, port, exclusive: true });
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : port;
}

async function claimUdp(host: string, port: number): Promise<number> {
  const socket = createSocket("udp4");
  try {
    socket.bind({ address: host, port, exclusive: true });
    await once(socket, "listening");
    return socket.address().port;
  } finally {
    socket.close();
  }
}
