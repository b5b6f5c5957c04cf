import { join } from "node:path";
import { type Digest, digestHex } from "../../../oci/index.ts";
import { isRbuildError } from "../../../system/index.ts";
import type { SavedBlob, StreamedBlob } from "../../images/assemble/saved-blobs.ts";
import { applyDelta, type Route } from "../delta/delta.ts";
import { decodedBlob } from "./decode-blob.ts";
import type { BlobContext } from "./obtain-blobs.ts";
import { repositoryItem } from "./repository-place.ts";

/** The blob that a route leads to, once its files are there: of an encoded one nothing is decoded before it is read. */
export async function realise(
  route: Route,
  saved: ReadonlyMap<Digest, SavedBlob>,
  context: Pick<BlobContext, "place" | "index" | "signal">,
): Promise<SavedBlob | StreamedBlob> {
  const { place, index, signal } = context;
  const abort = signal ? { signal } : {};
  const output = (digest: Digest) => join(place.directory, digestHex(digest));
  const sizeOf = (digest: Digest) => index.blobs.find((blob) => blob.digest === digest)?.size;
  switch (route.kind) {
    case "present":
      return got(saved, route.digest);
    case "plain":
    case "encoded": {
      const encoding = route.kind === "plain" ? "plain" : route.file.encoding;
      const blob = { digest: route.digest, size: sizeOf(route.digest) ?? 0 };
      const file = place.files.pathOf(route.file.sha256);
      const read = async function* () {
        try {
          yield* decodedBlob(file, encoding, blob, signal);
        } catch (error) {
          // A file that has changed on this disk is not there the next time.
          if (isRbuildError(error) && error.category === "untrusted") await place.forget([repositoryItem(route.file)]);
          throw error;
        }
      };
      return { ...blob, read };
    }
    case "deltas": {
      let from = got(saved, route.deltas[0].from);
      for (const { sha256, size, window, method, to } of route.deltas) {
        const delta = { path: place.files.pathOf(sha256), sha256: sha256, size, window, method };
        const expected = { digest: to, size: sizeOf(to) ?? 0 };
        await applyDelta({ from, delta, expected, output: output(expected.digest) }, { temporaryDirectory: place.directory, ...abort });
        from = { ...expected, path: output(expected.digest) };
      }
      return from;
    }
    default:
      return route satisfies never;
  }
}

function got(saved: ReadonlyMap<Digest, SavedBlob>, digest: Digest): SavedBlob {
  const blob = saved.get(digest);
  if (!blob) throw new TypeError(`${digest} has not been saved`);
  return blob;
}
