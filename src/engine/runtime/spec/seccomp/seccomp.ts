import type { SpecSeccomp } from "../runtime-spec.ts";
import { DEFAULT_PROFILE } from "./default-profile.ts";
import { type ProfileFacts, parseDockerProfile, resolveProfile } from "./docker-profile.ts";

export type SeccompRequest = "default" | "unconfined" | { readonly profile: unknown };

/** Undefined: no filter. @throws RbuildError `container.bad-seccomp-profile` */
export function resolveSeccomp(request: SeccompRequest, facts: ProfileFacts): SpecSeccomp | undefined {
  if (request === "unconfined") return undefined;
  return resolveProfile(request === "default" ? DEFAULT_PROFILE : parseDockerProfile(request.profile), facts);
}
