import { referenceText, withDefaultTag } from "../../oci/index.ts";
import type { EventHub } from "../events.ts";
import type { Image, ImageStore } from "./image.ts";

/** The same store, whose changes of names and images are told as events in Docker's words. */
export function announcingImageStore(store: ImageStore, events: EventHub): ImageStore {
  const publish = (action: string, id: string, name: string, labels: Readonly<Record<string, string>> = {}) =>
    events.publish({ kind: "image", action, id, attributes: { ...labels, name } });
  const named = (action: string, image: Image, name: string) => publish(action, image.id, name, image.config.config?.Labels ?? {});
  return {
    find: (lookup) => store.find(lookup),
    get: (lookup) => store.get(lookup),
    list: () => store.list(),
    async tag(manifest, reference) {
      await store.tag(manifest, reference);
      const name = referenceText(withDefaultTag(reference));
      const image = await store.find(name);
      if (image) named("tag", image, name);
    },
    async remove(lookup, options) {
      // A damaged image can be removed, and has nothing to be told of it.
      const image = await store.find(lookup).catch(() => undefined);
      const removed = await store.remove(lookup, options);
      if (image) for (const name of removed.untagged) named("untag", image, name);
      if (image && removed.deleted.length > 0) named("delete", image, image.id);
      return removed;
    },
    unpack: (image, options) => store.unpack(image, options),
    async create(parts, reference) {
      const image = await store.create(parts, reference);
      if (reference) named("tag", image, referenceText(withDefaultTag(reference)));
      return image;
    },
    async load(archive, options) {
      const images = await store.load(archive, options);
      for (const image of images) named("load", image, image.references[0] ?? image.id);
      return images;
    },
    save: (lookups) => store.save(lookups),
    async importRootfs(tar, options) {
      const image = await store.importRootfs(tar, options);
      named("import", image, options?.reference ? referenceText(withDefaultTag(options.reference)) : image.id);
      return image;
    },
    validate: (image) => store.validate(image),
  };
}
