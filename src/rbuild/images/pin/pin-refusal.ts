import { RbuildError } from "../../../system/index.ts";
import type { ImagePin } from "../image-operations.ts";
import { imageReference } from "../present-image.ts";

/** The refusal of an image that is not the pinned one. Exit code 4. */
export function pinMismatch(pin: ImagePin, found: string, how: "present" | "reproduced" | "published"): RbuildError {
  const reference = imageReference(pin);
  const { message, hint } = {
    present: {
      message: `${reference} in this engine is not the pinned image: wanted ${pin.imageId}, found ${found}`,
      hint: `rbuild image build ${pin.name} --force makes the pinned one; rbuild image pin ${pin.name} pins what its definition gives now; --allow-base-mismatch uses what is there`,
    },
    reproduced: {
      message: `${reference} was built from its definition and is not the pinned image: wanted ${pin.imageId}, got ${found}`,
      hint: `if the definition was changed on purpose: rbuild image pin ${pin.name}; else rbuild explain ${pin.name} says what is different; --allow-base-mismatch uses what was built`,
    },
    published: {
      message: `${reference} as it is published is not the pinned image: wanted ${pin.imageId}, published is ${found}`,
      hint: `update the checkout; or rbuild image build ${pin.name}, which makes the pinned one from its lock`,
    },
  }[how];
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
