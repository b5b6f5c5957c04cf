import type { ContainerMount, ContainerSpec } from "../../../engine/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { CreateBody } from "./create-body.ts";
import { refuseUnsupported, tuningWarnings } from "./host-limits.ts";
import { translateMounts } from "./mounts.ts";
import { translateNetworks } from "./networks.ts";
import { parsePort, portText, translatePorts } from "./ports.ts";
import { invalidOption } from "./refusal.ts";
import { translateResources } from "./resources.ts";
import { translateSecurity } from "./security.ts";

export interface CreateSurroundings {
  /** From the query. */
  readonly name?: string;
  /** `80/tcp` and so on, of the image. */
  readonly imagePorts: readonly string[];
  /** Mounts of the containers named in `VolumesFrom`. */
  readonly inheritedMounts: readonly ContainerMount[];
}

/**
 * Docker's create request as the engine's container spec.
 * @throws RbuildError `server.option-invalid`, `server.option-unsupported`, `server.config-empty`
 */
export function translateCreate(body: CreateBody, around: CreateSurroundings): { readonly spec: ContainerSpec; readonly warnings: readonly string[] } {
  if (body.Image === "")
    throw new RbuildError("server.config-empty", "Config cannot be empty in order to create a container: Image is missing", { category: "invalid" });
  refuseUnsupported(body);
  const host = body.HostConfig;
  const { security, warnings } = translateSecurity(host);
  const exposed = [...new Set([...around.imagePorts, ...body.ExposedPorts].map((port) => portText(parsePort(port))))].map(parsePort);
  const own = translateMounts(host, body.Volumes);
  const ownTargets = new Set(own.map((mount) => mount.target));
  const spec: ContainerSpec = {
    image: body.Image,
    ...(around.name === undefined ? {} : { name: around.name.replace(/^\//, "") }),
    ...processOf(body),
    ...identityOf(body),
    mounts: [...around.inheritedMounts.filter((mount) => !ownTargets.has(mount.target)), ...own],
    resources: translateResources(host),
    security,
    networks: translateNetworks(body),
    ports: translatePorts(host, exposed),
    ...(body.ExposedPorts.length > 0 ? { exposedPorts: body.ExposedPorts.map(parsePort) } : {}),
    dns: host.Dns,
    dnsSearch: host.DnsSearch,
    dnsOptions: host.DnsOptions,
    extraHosts: host.ExtraHosts.map(extraHost),
    ...(host.ShmSize > 0 ? { shmSize: host.ShmSize } : {}),
    sysctls: host.Sysctls,
    ...lifeOf(body),
  };
  return { spec, warnings: [...warnings, ...tuningWarnings(body)] };
}

type ProcessSpec = Pick<ContainerSpec, "entrypoint" | "command" | "env" | "workingDir" | "user" | "groupAdd" | "tty" | "openStdin" | "stdinOnce">;

function processOf(body: CreateBody): ProcessSpec {
  const cleared = body.Entrypoint !== undefined && (body.Entrypoint.length === 0 || (body.Entrypoint.length === 1 && body.Entrypoint[0] === ""));
  return {
    ...(body.Entrypoint === undefined ? {} : { entrypoint: cleared ? null : body.Entrypoint }),
    ...(body.Cmd === undefined || body.Cmd.length === 0 ? {} : { command: body.Cmd }),
    env: body.Env,
    ...(body.WorkingDir ? { workingDir: body.WorkingDir } : {}),
    ...(body.User ? { user: body.User } : {}),
    ...(body.HostConfig.GroupAdd.length > 0 ? { groupAdd: body.HostConfig.GroupAdd } : {}),
    ...(body.Tty ? { tty: true } : {}),
    ...(body.OpenStdin ? { openStdin: true } : {}),
    ...(body.StdinOnce ? { stdinOnce: true } : {}),
  };
}

function identityOf(body: CreateBody): Pick<ContainerSpec, "hostname" | "domainname" | "labels"> {
  return { ...(body.Hostname ? { hostname: body.Hostname } : {}), ...(body.Domainname ? { domainname: body.Domainname } : {}), labels: body.Labels };
}

function lifeOf(body: CreateBody): Pick<ContainerSpec, "stopSignal" | "stopTimeout" | "autoRemove" | "init" | "restart"> {
  const { RestartPolicy, AutoRemove, Init } = body.HostConfig;
  const policy = RestartPolicy?.Name || "no";
  if (policy !== "no" && policy !== "always" && policy !== "on-failure" && policy !== "unless-stopped")
    throw invalidOption("restart policy", policy, "it is not known");
  if (AutoRemove && policy !== "no") throw invalidOption("restart policy", policy, "can't create 'AutoRemove' container with restart policy");
  return {
    ...(body.StopSignal ? { stopSignal: body.StopSignal } : {}),
    ...(typeof body.StopTimeout === "number" ? { stopTimeout: body.StopTimeout } : {}),
    ...(AutoRemove ? { autoRemove: true } : {}),
    ...(typeof Init === "boolean" ? { init: Init } : {}),
    restart: { policy, ...(policy === "on-failure" && RestartPolicy?.MaximumRetryCount ? { maximumRetryCount: RestartPolicy.MaximumRetryCount } : {}) },
  };
}

/** `name:address`, the address an IPv4 or IPv6 one or `host-gateway`; a bracketed IPv6 address loses its brackets. */
function extraHost(text: string): string {
  const at = text.search(/[:=]/);
  const [name, address] = [text.slice(0, at), text.slice(at + 1).replace(/^\[(.*)\]$/, "$1")];
  if (at < 1 || !/^[A-Za-z0-9_.-]+$/.test(name) || !/^(?:[0-9a-fA-F.:]+|host-gateway)$/.test(address))
    throw invalidOption("extra host", text, "it is not name:address");
  return `${name}:${address}`;
}
