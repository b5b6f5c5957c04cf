import { mkdir, stat } from "node:fs/promises";
import { posix } from "node:path";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import type { Volumes } from "../../volumes/volume.ts";
import type { BindMount, ContainerMount, ContainerSpec, ResolvedMount, VolumeMount } from "../container.ts";

export interface ResolvedMounts {
  readonly mounts: readonly ResolvedMount[];
  readonly anonymousVolumes: readonly string[];
  /** Targets of volumes that may get the image's files. */
  readonly copyTargets: ReadonlySet<string>;
}

/**
 * Bind mounts checked, volumes made, those the image asks for too; in the order given, the image's last.
 * @throws RbuildError `container.bad-mount-target`, `container.duplicate-mount`, `container.mount-source-missing`
 */
export async function resolveMounts(spec: ContainerSpec, imageVolumes: readonly string[], volumes: Volumes): Promise<ResolvedMounts> {
  const given = (spec.mounts ?? []).map((mount): ContainerMount => ({ ...mount, target: checkTarget(mount.target) }));
  const targets = given.map(({ target }) => target);
  const duplicate = targets.find((target, index) => targets.indexOf(target) !== index);
  if (duplicate !== undefined) {
    throw new RbuildError("container.duplicate-mount", `two mounts have the target ${duplicate}`, { category: "invalid", details: { target: duplicate } });
  }
  const ofImage = imageVolumes
    .map(checkTarget)
    .filter((target) => !targets.includes(target))
    .map((target): VolumeMount => ({ kind: "volume", target, readOnly: false }));
  const mounts: ResolvedMount[] = [];
  const anonymousVolumes: string[] = [];
  try {
    for (const mount of [...given, ...ofImage]) {
      const resolved = await resolve(mount, volumes);
      mounts.push(resolved);
      if (mount.kind === "volume" && mount.name === undefined && resolved.volumeName !== undefined) anonymousVolumes.push(resolved.volumeName);
    }
  } catch (error) {
    for (const name of anonymousVolumes) await volumes.remove(name, { force: true });
    throw error;
  }
  const copyTargets = [...given, ...ofImage].flatMap((mount) => (mount.kind === "volume" && !mount.noCopy ? mount.target : []));
  return { mounts, anonymousVolumes, copyTargets: new Set(copyTargets) };
}

async function resolve(mount: ContainerMount, volumes: Volumes): Promise<ResolvedMount> {
  const { target } = mount;
  switch (mount.kind) {
    case "bind":
      return await resolveBind(mount);
    case "tmpfs":
      return { kind: "tmpfs", source: "tmpfs", target, readOnly: mount.readOnly ?? false };
    case "volume": {
      const { name, mountpoint } = await volumes.create(mount.name === undefined ? {} : { name: mount.name });
      return { kind: "volume", source: mountpoint, target, readOnly: mount.readOnly, volumeName: name };
    }
    default:
      return mount satisfies never;
  }
}

async function resolveBind(mount: BindMount): Promise<ResolvedMount> {
  const { source, target, readOnly } = mount;
  const propagation = mount.propagation === undefined ? {} : { propagation: mount.propagation };
  if (!source.startsWith("/")) throw missingSource(source, "it is not an absolute path");
  try {
    await stat(source);
  } catch (error) {
    if (!isSystemError(error, "ENOENT") || !mount.createSource) throw missingSource(source, "it does not exist", error);
    await mkdir(source, { recursive: true });
  }
  return { kind: "bind", source: posix.normalize(source), target, readOnly, ...propagation };
}

function checkTarget(target: string): string {
  const normal = posix.normalize(target).replace(/(.)\/+$/, "$1");
  if (!target.startsWith("/") || normal === "/" || target.includes("\0")) {
    throw new RbuildError("container.bad-mount-target", `the mount target ${JSON.stringify(target)} is not an absolute path below /`, {
      category: "invalid",
      details: { target },
    });
  }
  return normal;
}

const missingSource = (source: string, why: string, cause?: unknown) =>
  new RbuildError("container.mount-source-missing", `${JSON.stringify(source)} cannot be mounted: ${why}`, { category: "invalid", cause, details: { source } });
