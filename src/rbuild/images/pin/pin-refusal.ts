import { RbuildError } from "../../../system/index.ts";
import type { ImageIdentity } from "../identify-image.ts";
import type { ImagePin } from "../image-operations.ts";
import { imageReference } from "../present-image.ts";

/** Wanted and found in words: what engines call the image, and where that is the same, the manifest's digest. */
export function differenceFrom(pin: ImagePin, found: ImageIdentity): { readonly wanted: string; readonly got: string; readonly mend?: string } {
  if (found.imageId !== pin.imageId) return { wanted: `the image id ${pin.imageId}`, got: found.imageId };
  const wanted = `the digest ${pin.digest}`;
  if (found.digest === undefined) return { wanted, got: "one that cannot be told, because the engine has its layers compressed" };
  return { wanted, got: found.digest, mend: `digest and imageId of the pin do not belong together: git checkout it, or rbuild image pin ${pin.name}` };
}

/** The refusal of an image that is not the pinned one. Exit code 4. */
export function pinMismatch(pin: ImagePin, found: ImageIdentity, how: "present" | "reproduced" | "published"): RbuildError {
  const reference = imageReference(pin);
  const { wanted, got, mend } = differenceFrom(pin, found);
  const { message, hint } = {
    present: {
      message: `${reference} in this engine is not the pinned image: wanted ${wanted}, found ${got}`,
      hint: `rbuild image build ${pin.name} --force makes the pinned one, unless definition or lock have changed since it was pinned: then git checkout them, or rbuild image pin ${pin.name}; --allow-base-mismatch uses what is there`,
    },
    reproduced: {
      message: `${reference} was built from its definition and is not the pinned image: wanted ${wanted}, got ${got}`,
      hint: `if the definition was changed on purpose: rbuild image pin ${pin.name}; else rbuild explain ${pin.name} says what is different; --allow-base-mismatch uses what was built`,
    },
    published: {
      message: `${reference} as it is published is not the pinned image: wanted ${wanted}, published is ${got}`,
      hint: `update the checkout; or rbuild image build ${pin.name}, which makes the pinned one from its lock`,
    },
  }[how];
  return new RbuildError("image.pin-mismatch", message, {
    category: "refused",
    hint: mend ?? hint,
    details: {
      name: pin.name,
      wanted: pin.imageId,
      wantedDigest: pin.digest,
      found: found.imageId,
      ...(found.digest === undefined ? {} : { foundDigest: found.digest }),
      how,
    },
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
