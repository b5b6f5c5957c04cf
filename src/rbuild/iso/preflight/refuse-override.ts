import { RbuildError } from "../../../system/index.ts";

/** An override is for experiments. @throws RbuildError `iso.override-on-release` */
export function refuseOverrideOnRelease(allowMismatch: boolean, tag: string | undefined): void {
  if (!allowMismatch || tag === undefined) return;
  throw new RbuildError("iso.override-on-release", `HEAD is the release ${tag}: a release is built with exactly the pinned images`, {
    category: "refused",
    hint: "rbuild iso without --allow-base-mismatch; or build from a commit that is no tag",
    details: { tag },
  });
}
