import { RbuildError } from "../../../system/index.ts";
import type { ImagePin } from "../image-operations.ts";
import { imageReference } from "../present-image.ts";

/** The refusal of an image that is not the pinned one. Exit code 4. */
export function pinMismatch(pin: ImagePin, found: string, how: "present" | "reproduced"): RbuildError {
  const reference = imageReference(pin);
  const message =
    how === "present"
      ? `${reference} in this engine is not the pinned image: wanted ${pin.imageId}, found ${found}`
      : `${reference} was built from its definition and is not the pinned image: wanted ${pin.imageId}, got ${found}`;
  const hint =
    how === "present"
      ? `rbuild image build ${pin.name} --force makes the pinned one; rbuild image pin ${pin.name} pins what its definition gives now; --allow-base-mismatch uses what is there`
      : `if the definition was changed on purpose: rbuild image pin ${pin.name}; else look for what differs with rbuild image list; --allow-base-mismatch uses what was built`;
  return new RbuildError("image.pin-mismatch", message, {
    category: "refused",
    hint,
    details: { name: pin.name, wanted: pin.imageId, wantedDigest: pin.digest, found, how },
  });
}

/** The refusal of an image that nobody has pinned for this version and architecture. Exit code 4. */
export function unpinned(name: string): RbuildError {
  return new RbuildError("image.unpinned", `the image ${name} has no pin for its version on this architecture, so nothing says which bytes it must have`, {
    category: "refused",
    hint: `rbuild image pin ${name}`,
    details: { name },
  });
}
