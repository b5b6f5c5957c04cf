import type { ContainerInfo, Image } from "../../../engine/index.ts";
import type { ApiVersion } from "../../http/api-version.ts";
import { portText } from "../create/ports.ts";
import { mountPoints } from "./container-mounts.ts";
import { inspectState } from "./container-state.ts";
import { hostConfig } from "./host-config.ts";
import { networkSettings } from "./networking.ts";

/** What the engine knows only when asked: bytes of the writable layer and of the whole root. */
export interface ContainerSizes {
  readonly rw: number;
  readonly rootfs: number;
}

export const imagePortsOf = (image: Image | undefined): string[] => Object.keys(image?.config.config?.ExposedPorts ?? {});

/** GET /containers/{id}/json. */
export function containerInspect(info: ContainerInfo, image: Image | undefined, version: ApiVersion, sizes?: ContainerSizes) {
  const [Path = "", ...Args] = info.process.args;
  return {
    Id: info.id,
    Created: info.createdAt,
    Path,
    Args,
    State: inspectState(info.state),
    Image: info.imageId,
    ResolvConfPath: "",
    HostnamePath: "",
    HostsPath: "",
    LogPath: "",
    Name: `/${info.name}`,
    RestartCount: 0,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: info.execIds.length > 0 ? info.execIds : null,
    HostConfig: hostConfig(info.spec),
    GraphDriver: { Data: null, Name: "overlay2" },
    ...(sizes ? { SizeRw: sizes.rw, SizeRootFs: sizes.rootfs } : {}),
    Mounts: mountPoints(info),
    Config: containerConfig(info, image),
    NetworkSettings: networkSettings(info, imagePortsOf(image), version),
  };
}

function containerConfig(info: ContainerInfo, image: Image | undefined) {
  const { spec, process } = info;
  const defaults = image?.config.config ?? {};
  const exposed = [...imagePortsOf(image), ...(spec.exposedPorts ?? []).map(portText), ...(spec.ports ?? []).map(portText)];
  const volumes = [
    ...Object.keys(defaults.Volumes ?? {}),
    ...(spec.mounts ?? []).flatMap((mount) => (mount.kind === "volume" && mount.name === undefined ? [mount.target] : [])),
  ];
  const entrypoint = spec.entrypoint === undefined ? (defaults.Entrypoint ?? null) : spec.entrypoint;
  return {
    Hostname: spec.hostname ?? info.id.slice(0, 12),
    Domainname: spec.domainname ?? "",
    User: process.user,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(exposed.length > 0 ? { ExposedPorts: emptySet(exposed) } : {}),
    Tty: spec.tty ?? false,
    OpenStdin: spec.openStdin ?? false,
    StdinOnce: spec.stdinOnce ?? false,
    Env: image ? environmentOf(spec.env ?? [], defaults.Env ?? []) : process.env,
    Cmd: process.args.slice(entrypoint?.length ?? 0),
    Image: spec.image,
    Volumes: volumes.length > 0 ? emptySet(volumes) : null,
    WorkingDir: process.cwd === "/" ? (spec.workingDir ?? defaults.WorkingDir ?? "") : process.cwd,
    Entrypoint: entrypoint,
    OnBuild: null,
    Labels: { ...defaults.Labels, ...spec.labels },
    ...(defaults.Healthcheck ? { Healthcheck: defaults.Healthcheck } : {}),
    ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }),
    ...(spec.stopTimeout === undefined ? {} : { StopTimeout: spec.stopTimeout }),
  };
}

/** As Docker shows it: what the request said, then what of the image's it did not replace; without what the engine adds. */
function environmentOf(own: readonly string[], image: readonly string[]): string[] {
  const nameOf = (entry: string) => entry.split("=", 1)[0];
  const said = new Set(own.map(nameOf));
  return [...own.filter((entry) => entry.includes("=")), ...image.filter((entry) => !said.has(nameOf(entry)))];
}

export const emptySet = (keys: readonly string[]): Record<string, object> => Object.fromEntries([...new Set(keys)].map((key) => [key, {}]));
