import { asDiffId, type ContainerDefaults, type Descriptor, type ImageConfig, MEDIA_TYPE, parseReference, withDefaultTag } from "../../../oci/index.ts";
import type { Image } from "../../images/image.ts";
import { snapshotKey } from "../../snapshots/snapshotter.ts";
import { withLease } from "../../store/lease.ts";
import type { CommitOptions, ContainerId } from "../container.ts";
import { type ContainerContext, publishContainer } from "../container-context.ts";
import { mergeEnvironment } from "../create/process-defaults.ts";
import { whilePaused } from "../pause.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { applyChanges } from "./config-changes.ts";

/** The container's changes as one more layer on its image, with its own settings over the image's. */
export async function commitContainer(context: ContainerContext, id: ContainerId, options: CommitOptions = {}): Promise<Image> {
  const { record, status } = await context.store.get(id);
  const reference = options.reference === undefined ? undefined : withDefaultTag(parseReference(options.reference));
  const clamp = options.sourceDateEpoch === undefined ? {} : { clampTime: options.sourceDateEpoch };
  const image = await withLease(context.root, async () => {
    const base = await context.images.get(record.imageId);
    const config = applyChanges(containerDefaults(record, base.config.config ?? {}), options.changes ?? []);
    const ingest = () => context.content.ingest(context.snapshots.diff(snapshotKey(id), clamp));
    const blob = await (options.pause === false ? ingest() : whilePaused(context, id, ingest));
    const layer: Descriptor = { mediaType: MEDIA_TYPE.layer, digest: blob.digest, size: blob.size };
    const layers = [...base.manifest.layers, layer];
    return await context.images.create({ config: imageConfig(context, record, base.config, { config, layer, options }), layers }, reference);
  });
  publishContainer(context, "commit", record, status, { imageID: image.id, imageRef: options.reference ?? "", comment: options.comment ?? "" });
  return image;
}

function imageConfig(
  context: ContainerContext,
  record: ContainerRecord,
  base: ImageConfig,
  parts: { readonly config: ContainerDefaults; readonly layer: Descriptor; readonly options: CommitOptions },
): ImageConfig {
  const { options, layer, config } = parts;
  const created =
    options.sourceDateEpoch === undefined ? context.clock.now().toISOString() : new Date(options.sourceDateEpoch * 1000).toISOString().replace(".000Z", "Z");
  const history = {
    created,
    created_by: record.process.args.join(" "),
    ...(options.author ? { author: options.author } : {}),
    ...(options.comment ? { comment: options.comment } : {}),
  };
  return {
    ...base,
    created,
    ...(options.author ? { author: options.author } : {}),
    config,
    rootfs: { type: "layers", diff_ids: [...base.rootfs.diff_ids, asDiffId(layer.digest)] },
    history: [...(base.history ?? []), history],
  };
}

/** What the container was told, over what its image says. */
function containerDefaults({ spec, exposedPorts }: ContainerRecord, image: ContainerDefaults): ContainerDefaults {
  const ports = Object.fromEntries(exposedPorts.map(({ containerPort, protocol }) => [`${containerPort}/${protocol}`, {}]));
  const volumes = Object.fromEntries((spec.mounts ?? []).flatMap((mount) => (mount.kind === "volume" && mount.name === undefined ? [[mount.target, {}]] : [])));
  const env = mergeEnvironment(image.Env ?? [], spec.env ?? []);
  return {
    ...image,
    ...(env.length ? { Env: env } : {}),
    ...(spec.command?.length ? { Cmd: [...spec.command] } : spec.entrypoint === undefined ? {} : { Cmd: null }),
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: spec.entrypoint?.length ? [...spec.entrypoint] : null }),
    ...(spec.user === undefined ? {} : { User: spec.user }),
    ...(spec.workingDir === undefined ? {} : { WorkingDir: spec.workingDir }),
    ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }),
    ...(Object.keys(ports).length ? { ExposedPorts: { ...image.ExposedPorts, ...ports } } : {}),
    ...(Object.keys(volumes).length ? { Volumes: { ...image.Volumes, ...volumes } } : {}),
    ...(spec.labels ? { Labels: { ...image.Labels, ...spec.labels } } : {}),
  };
}
