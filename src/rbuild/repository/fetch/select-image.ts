import { nearNames, RbuildError } from "../../../system/index.ts";
import type { ImagePin } from "../../images/image-operations.ts";
import { pinMismatch } from "../../images/pin/pin-refusal.ts";
import { refusalError } from "../../trust/refusal.ts";
import type { OpenRepository } from "./open-repository.ts";

export type PublishedImage = OpenRepository["verdict"]["index"]["images"][number];

/** Which image is meant. What is left out is taken from the pin, else from the channel. */
export interface ImageChoice {
  readonly name: string;
  /** Debian's name of it. */
  readonly architecture: string;
  readonly version?: string;
  readonly channel?: string;
  /** Of the definition in the tree. */
  readonly pin?: ImagePin;
}

export const DEFAULT_CHANNEL = "stable";

/**
 * The image of an index that is meant. Where the tree pins that version, it must be exactly the pinned one; where nobody vouches that the
 * index is the newest, only a pinned one is given.
 * @throws RbuildError `repository.no-such-image`, `image.pin-mismatch`, `trust.freeze`
 */
export function selectImage(choice: ImageChoice, { verdict, source }: Pick<OpenRepository, "verdict" | "source">): PublishedImage {
  const { name, architecture, channel, pin } = choice;
  const images = verdict.index.images.filter((image) => image.name === name && image.architecture === architecture);
  const version = choice.version ?? (channel === undefined && pin?.architecture === architecture ? pin.version : undefined);
  const wanted = channel ?? (version === undefined ? DEFAULT_CHANNEL : undefined);
  const image = images.find((each) => (version === undefined || each.version === version) && (wanted === undefined || each.channels.includes(wanted)));
  if (!image) {
    const what = `${name}${version === undefined ? "" : ` ${version}`} for ${architecture}${wanted === undefined ? "" : ` in the channel ${wanted}`}`;
    const versions = images.map((each) => each.version);
    const channels = [...new Set(images.flatMap((each) => each.channels))].sort();
    const near = nearNames(name, new Set(verdict.index.images.map((each) => each.name)));
    const hints = {
      version: `it has ${versions.join(", ")}; name one with --version`,
      channel: `it has ${versions.join(", ")} in ${channels.join(", ")}; name one with --channel or --version`,
      name: near.length > 0 ? `there is ${near.join(", ")}` : "see that the repository is the right one",
    };
    throw new RbuildError("repository.no-such-image", `${source} has no ${what}`, {
      category: "not-found",
      hint: hints[images.length === 0 ? "name" : wanted === undefined ? "version" : "channel"],
      details: { name, architecture, versions, near, ...(version === undefined ? {} : { version }), ...(wanted === undefined ? {} : { channel: wanted }) },
    });
  }
  const isPinned = pin !== undefined && pin.version === image.version && pin.architecture === architecture;
  if (isPinned && (pin.digest !== image.manifest || pin.imageId !== image.config))
    throw pinMismatch(pin, { imageId: image.config, digest: image.manifest }, "published");
  if (verdict.kind === "stale" && !isPinned) throw refusalError(verdict.reason);
  return image;
}
