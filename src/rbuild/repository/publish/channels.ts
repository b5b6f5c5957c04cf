import { nearNames, RbuildError } from "../../../system/index.ts";
import type { IndexedImage } from "./index-content.ts";

/** Puts a version of an image into a channel, for every architecture that has it. */
export interface Promotion {
  readonly name: string;
  readonly version: string;
  readonly channel: string;
}

/** The images with one more, which takes its channels over; in the place of an earlier entry of it, whose channels and time it keeps. */
export function withNewImage(images: readonly IndexedImage[], image: IndexedImage): IndexedImage[] {
  const earlier = images.find((each) => isSameImage(each, image));
  if (earlier) return images.map((each) => (each === earlier ? { ...image, channels: each.channels, released: each.released } : each));
  return [...without(images, image), image];
}

/** @throws RbuildError `repository.no-such-version` */
export function promote(images: readonly IndexedImage[], { name, version, channel }: Promotion): IndexedImage[] {
  const promoted = images.filter((image) => image.name === name && image.version === version);
  if (promoted.length === 0) {
    const versions = images.filter((image) => image.name === name).map((image) => image.version);
    const near = nearNames(name, new Set(images.map((image) => image.name)));
    throw new RbuildError("repository.no-such-version", `the repository has no ${name} ${version}`, {
      category: "not-found",
      hint: versions.length > 0 ? `it has ${versions.join(", ")}` : near.length > 0 ? `there is ${near.join(", ")}` : `rbuild image publish DIR ${name}`,
      details: { name, version, versions },
    });
  }
  let result = [...images];
  for (const image of promoted) {
    const entry = { ...image, channels: [...new Set([...image.channels, channel])].sort() };
    result = without(result, { ...image, channels: [channel] }).map((each) => (isSameImage(each, image) ? entry : each));
  }
  return result;
}

/** No other image of that name and architecture is in these channels any more. */
function without(images: readonly IndexedImage[], taken: IndexedImage): IndexedImage[] {
  return images.map((each) =>
    each.name === taken.name && each.architecture === taken.architecture && each.channels.some((channel) => taken.channels.includes(channel))
      ? { ...each, channels: each.channels.filter((channel) => !taken.channels.includes(channel)) }
      : each,
  );
}

function isSameImage(left: IndexedImage, right: IndexedImage): boolean {
  return left.name === right.name && left.version === right.version && left.architecture === right.architecture;
}
