import { join } from "node:path";
import { digestOf } from "../../../oci/index.ts";
import { isRbuildError, readFileIfExists } from "../../../system/index.ts";
import { findDefinition } from "../../definition/find-definition.ts";
import { readPin } from "../../images/pin/pin-file.ts";
import { LOCK_FILE, MAX_LOCK_BYTES } from "../../lock/image-lock.ts";
import type { IndexedImage } from "../publish/index-content.ts";

/** What a checkout says of an image: `exact`, its pin names these bytes; `different`, it names others under that version. */
export type PinVerdict =
  | { readonly kind: "exact"; readonly isLockSame: boolean }
  | { readonly kind: "different"; readonly pinned: string }
  | { readonly kind: "other-version"; readonly version: string }
  | { readonly kind: "unpinned" };

/** @throws RbuildError `image.pin-invalid`, `definition.invalid` */
export async function comparePin(image: IndexedImage, imageDirectories: readonly string[]): Promise<PinVerdict> {
  const directory = await directoryOf(image.name, imageDirectories);
  const pin = directory === undefined ? undefined : await readPin(directory);
  if (directory === undefined || pin?.name !== image.name || pin.architecture !== image.architecture) return { kind: "unpinned" };
  if (pin.version !== image.version) return { kind: "other-version", version: pin.version };
  if (pin.digest !== image.manifest || pin.imageId !== image.config) return { kind: "different", pinned: pin.digest };
  const lock = await readFileIfExists(join(directory, LOCK_FILE), MAX_LOCK_BYTES);
  return { kind: "exact", isLockSame: lock !== undefined && digestOf(lock) === image.lock };
}

async function directoryOf(name: string, imageDirectories: readonly string[]): Promise<string | undefined> {
  try {
    return (await findDefinition(name, imageDirectories)).directory;
  } catch (error) {
    if (isRbuildError(error, "definition.not-found")) return undefined;
    throw error;
  }
}
