import type { Endpoint, PortBinding } from "./container.ts";

/** What is known of a linked container while it runs. */
export interface LinkedContainer {
  readonly alias: string;
  /** Its name, without slash. */
  readonly name: string;
  readonly endpoint: Pick<Endpoint, "address">;
  readonly exposedPorts: readonly Pick<PortBinding, "containerPort" | "protocol">[];
  /** Its environment, as given by image and caller. */
  readonly env: readonly string[];
}

/** Variables that Docker never passes on. */
const OWN_VARIABLES = new Set(["HOME", "PATH", "HOSTNAME", "TERM"]);

/**
 * The environment that Docker's `--link` gives: `ALIAS_PORT`, `ALIAS_PORT_80_TCP`, `…_ADDR`, `…_PORT`, `…_PROTO` for each port (the lowest
 * TCP port first), `ALIAS_NAME=/consumer/alias`, and the other's own variables as `ALIAS_ENV_X`.
 */
export function linkEnvironment(consumer: string, links: readonly LinkedContainer[]): string[] {
  return links.flatMap((link) => {
    const alias = link.alias.toUpperCase().replaceAll("-", "_");
    const address = link.endpoint.address ?? "";
    const ports = link.exposedPorts.toSorted((a, b) => (a.protocol === b.protocol ? a.containerPort - b.containerPort : a.protocol < b.protocol ? -1 : 1));
    const url = (port: (typeof ports)[number]) => `${port.protocol}://${address}:${port.containerPort}`;
    const [first] = ports;
    return [
      ...(first ? [`${alias}_PORT=${url(first)}`] : []),
      ...ports.flatMap((port) => {
        const prefix = `${alias}_PORT_${port.containerPort}_${port.protocol.toUpperCase()}`;
        return [`${prefix}=${url(port)}`, `${prefix}_ADDR=${address}`, `${prefix}_PORT=${port.containerPort}`, `${prefix}_PROTO=${port.protocol}`];
      }),
      `${alias}_NAME=/${consumer}/${link.alias}`,
      ...link.env.filter((entry) => !OWN_VARIABLES.has(entry.split("=", 1)[0] ?? "")).map((entry) => `${alias}_ENV_${entry}`),
    ];
  });
}
