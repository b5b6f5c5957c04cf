import { RbuildError } from "../../system/index.ts";

export function imageNotFound(lookup: string): RbuildError {
  return new RbuildError("image.not-found", `there is no image ${JSON.stringify(lookup)} in the store`, {
    category: "not-found",
    hint: "rbuild image list",
    details: { lookup },
  });
}

export function imageAmbiguous(lookup: string, ids: readonly string[]): RbuildError {
  return new RbuildError("image.ambiguous", `${JSON.stringify(lookup)} could be any of ${ids.length} images`, {
    category: "invalid",
    hint: "give more digits of the image's id",
    details: { lookup, ids },
  });
}

export function imageInUse(lookup: string, id: string): RbuildError {
  return new RbuildError("image.in-use", `the image ${lookup} cannot be removed: a container was made from it`, {
    category: "conflict",
    hint: "remove the container first, or force it",
    details: { lookup, id },
  });
}

/** The image, or an archive of it, is not what the specs say. */
export function imageInvalid(subject: string, why: string, cause?: unknown): RbuildError {
  return new RbuildError("image.invalid", `${subject} is not a sound image: ${why}`, { category: "invalid", ...(cause === undefined ? {} : { cause }) });
}

export function imageIncomplete(subject: string, digest: string): RbuildError {
  return new RbuildError("image.incomplete", `${subject} needs the blob ${digest}, which is not there`, {
    category: "invalid",
    hint: "get the image again: a part of it is missing",
    details: { digest },
  });
}
