import { asDiffId, type DiffId, DigestHasher } from "../../oci/index.ts";
import { feedTool, isRbuildError, RbuildError, readTar, writeTar, writeXattr } from "../../system/index.ts";
import type { ByteStream } from "../content/content-store.ts";
import { LayerEntries } from "./layer-entries.ts";
import { joinBytes, type LowerView } from "./lower-view.ts";
import type { OverlayFlavor } from "./overlay-flavor.ts";
import { noSpace } from "./snapshot-errors.ts";

/**
 * GNU tar gets its own archive, made of what was checked: what it extracts cannot differ from what was looked at. No path of it leads through
 * a link, so links need not wait until all else is there, and what comes later in the place of one stays (`--absolute-names`).
 */
const EXTRACT = [
  "--extract",
  "--absolute-names",
  "--file=-",
  "--xattrs",
  "--xattrs-include=*",
  "--numeric-owner",
  "--same-owner",
  "--same-permissions",
  "--delay-directory-restore",
];

/** What GNU tar says of a full disk: ENOSPC, EDQUOT, or a write that the file system took only a part of. */
const FULL = /No space left on device|Disk quota exceeded|Wrote only/;

/** What GNU tar says of files that this file system does not have. */
const IMPOSSIBLE = /File too large|Invalid argument|File name too long/;

/**
 * Extracts a layer into the empty directory `files` in overlayfs's form.
 * @returns bytes of file content
 * @throws RbuildError `layer.unsafe-path`, `layer.malformed`, `layer.diff-id-mismatch`, `snapshot.no-space`
 */
export async function extractLayer(
  layer: { readonly tar: ByteStream; readonly diffId: DiffId; readonly lower: LowerView },
  files: string,
  options: { readonly flavor: OverlayFlavor; readonly signal?: AbortSignal },
): Promise<number> {
  const hasher = new DigestHasher();
  const entries = new LayerEntries(layer.lower, options.flavor);
  const archive = writeTar(entries.translate(readTar(hasher.through(layer.tar))));
  try {
    await feedTool("tar", [...EXTRACT, `--directory=${files}`], archive, options.signal ? { signal: options.signal } : {});
  } catch (error) {
    throw layerError(error, files);
  }
  const actual = asDiffId(hasher.digest());
  if (actual !== layer.diffId) {
    throw new RbuildError("layer.diff-id-mismatch", `the layer's content is ${actual}; the image's config says ${layer.diffId}`, {
      category: "untrusted",
      hint: "do not use this image; get it again",
      details: { expected: layer.diffId, actual },
    });
  }
  const root = Buffer.from(files);
  for (const path of entries.opaque) writeXattr(joinBytes(root, path), `${options.flavor.xattrPrefix}opaque`, Buffer.from("y"));
  entries.acls.apply(root, layer.lower.withTop(files));
  return entries.bytes;
}

function layerError(error: unknown, files: string): unknown {
  if (isRbuildError(error) && error.code.startsWith("tar.")) {
    return new RbuildError("layer.malformed", `the layer is no sound tar archive: ${error.message}`, { category: "invalid", cause: error });
  }
  if (!isRbuildError(error, "tool.failed")) return error;
  if (FULL.test(error.message)) return noSpace(files, error);
  if (!IMPOSSIBLE.test(error.message)) return error;
  return new RbuildError("layer.malformed", `the layer has a file that cannot be made: ${error.message}`, { category: "invalid", cause: error });
}
