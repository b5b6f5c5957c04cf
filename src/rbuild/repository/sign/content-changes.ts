import { type IndexContent, type IndexedImage, imageKey } from "../publish/index-content.ts";

/** That an image of a name and an architecture leaves a channel, enters it, or takes it over. */
export interface ChannelChange {
  readonly name: string;
  readonly architecture: string;
  readonly channel: string;
  /** Versions. */
  readonly from?: string;
  readonly to?: string;
}

/** What one state of a repository has, and the other has not. */
export interface ContentChanges {
  readonly added: readonly IndexedImage[];
  readonly retired: readonly IndexedImage[];
  /** Under the same name, version and architecture, but not the same: no honest publication has any. */
  readonly replaced: readonly { readonly before: IndexedImage; readonly after: IndexedImage }[];
  readonly channels: readonly ChannelChange[];
}

type Images = Pick<IndexContent, "images">;

export function contentChanges(before: Images, after: Images): ContentChanges {
  const was = new Map(before.images.map((image) => [imageKey(image), image]));
  const is = new Map(after.images.map((image) => [imageKey(image), image]));
  return {
    added: after.images.filter((image) => !was.has(imageKey(image))),
    retired: before.images.filter((image) => !is.has(imageKey(image))),
    replaced: after.images.flatMap((image) => {
      const earlier = was.get(imageKey(image));
      return earlier && bytesOf(earlier) !== bytesOf(image) ? [{ before: earlier, after: image }] : [];
    }),
    channels: channelChanges(channelsOf(before), channelsOf(after)),
  };
}

const bytesOf = ({ manifest, config, layers, lock, compatibilityVersion }: IndexedImage): string =>
  [manifest, config, ...layers, lock, String(compatibilityVersion)].join(" ");

/** The version in each channel. */
function channelsOf({ images }: Images): Map<string, string> {
  return new Map(images.flatMap(({ name, architecture, version, channels }) => channels.map((channel) => [`${name}\0${architecture}\0${channel}`, version])));
}

function channelChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): ChannelChange[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key) => {
    const [from, to] = [before.get(key), after.get(key)];
    if (from === to) return [];
    const [name = "", architecture = "", channel = ""] = key.split("\0");
    return [{ name, architecture, channel, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
  });
}
