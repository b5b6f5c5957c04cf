import type { Image, VolumeInfo } from "../../../engine/index.ts";
import { json } from "../../http/answer.ts";
import type { Handler, Route } from "../../http/router.ts";
import { containerSizes, imagesById } from "../../sizes.ts";
import { containerSummary } from "../../translate/answer/container-summary.ts";
import { imageSummary } from "../../translate/answer/image-answers.ts";
import { volumeAnswer } from "../../translate/answer/volume-answers.ts";

/** The size of a volume's files is not measured. */
const NOT_MEASURED = -1;

const getDiskUsage: Handler = async ({ version, query }, { engine, clock }) => {
  const types = query.texts("type");
  const wanted = (type: string) => types.length === 0 || types.includes(type);
  const [images, containers, volumes] = await Promise.all([imagesById(engine), engine.containers.list(), engine.volumes.list()]);
  const all = [...images.values()];
  const volumeUsage = (volume: VolumeInfo) => ({
    ...volumeAnswer(volume),
    UsageData: { RefCount: containers.filter(({ mounts }) => mounts.some(({ volumeName }) => volumeName === volume.name)).length, Size: NOT_MEASURED },
  });
  const containersOf = (image: Image) => containers.filter(({ imageId }) => imageId === image.id).length;
  const containerRow = async (info: (typeof containers)[number]) => {
    const image = images.get(info.imageId);
    return containerSummary(info, image, clock.now(), await containerSizes(engine, info, image));
  };
  return json({
    LayersSize: layersSize(all),
    Images: wanted("image") ? all.map((image) => imageSummary(image, version, { containers: containersOf(image), sharedSize: sharedSize(image, all) })) : null,
    Containers: wanted("container") ? await Promise.all(containers.map(containerRow)) : null,
    Volumes: wanted("volume") ? volumes.map(volumeUsage) : null,
    BuildCache: wanted("build-cache") ? [] : null,
    BuilderSize: 0,
  });
};

/** Layers by diff id with the bytes each has, those of several images once. */
function layerSizes(images: readonly Image[]): Map<string, number> {
  return new Map(images.flatMap((image) => image.config.rootfs.diff_ids.map((diffId, index) => [diffId, image.manifest.layers[index]?.size ?? 0] as const)));
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);
const layersSize = (images: readonly Image[]) => sum(layerSizes(images).values());

function sharedSize(image: Image, all: readonly Image[]): number {
  const others = layerSizes(all.filter(({ id }) => id !== image.id));
  return sum(image.config.rootfs.diff_ids.map((diffId) => others.get(diffId) ?? 0));
}

export const DISK_USAGE_ROUTES: readonly Route[] = [{ method: "GET", path: "/system/df", handle: getDiskUsage }];
