import type { ContainerDefaults } from "../../../oci/index.ts";
import type { ContainerSpec, PortBinding } from "../container.ts";

type Port = Pick<PortBinding, "containerPort" | "protocol">;

/** Ports of image and caller, without doubles, in order of number. */
export function resolveExposedPorts(spec: ContainerSpec, image: ContainerDefaults): readonly Port[] {
  const ports: Port[] = [...Object.keys(image.ExposedPorts ?? {}).flatMap(parsePort), ...(spec.exposedPorts ?? []), ...(spec.ports ?? [])];
  const unique = new Map(ports.map(({ containerPort, protocol }) => [`${containerPort}/${protocol}`, { containerPort, protocol }]));
  return [...unique.values()].sort((a, b) => a.containerPort - b.containerPort || (a.protocol < b.protocol ? -1 : 1));
}

/** `80`, `80/tcp`, `8000-8010/udp`. What is none of them, in an image from outside, is left out. */
function parsePort(text: string): Port[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (!match || first < 1 || last > 65_535 || last < first) return [];
  const protocol = match[3] === "udp" ? "udp" : "tcp";
  return Array.from({ length: last - first + 1 }, (_, index) => ({ containerPort: first + index, protocol }));
}
