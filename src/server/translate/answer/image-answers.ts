import type { Image } from "../../../engine/index.ts";
import type { ContainerDefaults } from "../../../oci/index.ts";
import { parseReference, referenceName } from "../../../oci/index.ts";
import type { ApiVersion } from "../../http/api-version.ts";
import { unixSeconds } from "./time.ts";

/** References with a tag. */
export const repoTags = (image: Image): string[] => image.references.filter((reference) => !reference.includes("@"));

/** `name@sha256:…` of the manifest, once for each name the image has. */
export function repoDigests(image: Image): string[] {
  return [...new Set(image.references.map((reference) => `${referenceName(parseReference(reference))}@${image.manifestDescriptor.digest}`))];
}

/** One row of GET /images/json. */
export function imageSummary(
  image: Image,
  version: ApiVersion,
  usage: { readonly containers: number; readonly sharedSize: number } = { containers: -1, sharedSize: -1 },
) {
  const dangling = image.references.length === 0 && version.minor < 43;
  return {
    Containers: usage.containers,
    Created: unixSeconds(image.config.created),
    Id: image.id,
    Labels: image.config.config?.Labels ?? null,
    ParentId: "",
    RepoDigests: dangling ? ["<none>@<none>"] : repoDigests(image),
    RepoTags: dangling ? ["<none>:<none>"] : repoTags(image),
    SharedSize: usage.sharedSize,
    Size: image.size,
    ...virtualSize(image, version),
  };
}

const virtualSize = (image: Image, version: ApiVersion) => (version.minor < 44 ? { VirtualSize: image.size } : {});

/** GET /images/{name}/json. */
export function imageInspect(image: Image, version: ApiVersion) {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: repoTags(image),
    RepoDigests: repoDigests(image),
    Parent: "",
    Comment: config.history?.at(-1)?.comment ?? "",
    Created: config.created ?? "",
    ...(version.minor < 45 ? { Container: "", ContainerConfig: imageContainerConfig({}) } : {}),
    DockerVersion: "",
    Author: config.author ?? "",
    Config: imageContainerConfig(config.config ?? {}),
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: image.size,
    ...virtualSize(image, version),
    GraphDriver: { Data: null, Name: "overlay2" },
    RootFS: { Type: "layers", Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
    ...(version.minor >= 48 ? { Descriptor: image.manifestDescriptor } : {}),
  };
}

function imageContainerConfig(config: ContainerDefaults) {
  return {
    Hostname: "",
    Domainname: "",
    User: config.User ?? "",
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(config.ExposedPorts ? { ExposedPorts: config.ExposedPorts } : {}),
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    Image: "",
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? "",
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? null,
    ...(config.Healthcheck ? { Healthcheck: config.Healthcheck } : {}),
    ...(config.StopSignal ? { StopSignal: config.StopSignal } : {}),
    ...(config.Shell ? { Shell: config.Shell } : {}),
  };
}

/** GET /images/{name}/history, newest first. */
export function imageHistory(image: Image) {
  let layer = 0;
  const sizes = image.manifest.layers.map(({ size }) => size);
  const entries = (image.config.history ?? []).map((entry) => ({
    Comment: entry.comment ?? "",
    Created: unixSeconds(entry.created),
    CreatedBy: entry.created_by ?? "",
    Id: "<missing>",
    Size: entry.empty_layer ? 0 : (sizes[layer++] ?? 0),
    Tags: null as string[] | null,
  }));
  const newest = entries.at(-1);
  if (newest) Object.assign(newest, { Id: image.id, Tags: repoTags(image).length > 0 ? repoTags(image) : null });
  return entries.toReversed();
}
