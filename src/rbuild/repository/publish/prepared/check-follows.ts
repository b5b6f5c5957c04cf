import { RbuildError } from "../../../../system/index.ts";
import type { TrustedRoot } from "../../../trust/client/root-chain.ts";
import { numbersOf } from "../old-copy.ts";
import type { PublishedState } from "../published-state.ts";
import type { SigningRequest } from "./signing-request.ts";

/** Whether a repository shows already what a request asks signatures for. */
export function isShown({ index, freshness }: SigningRequest, published: PublishedState): boolean {
  return index ? published.freshness.index.sha256 === index.digest : numbersOf(published).freshness.sha256 === freshness.digest;
}

/**
 * Sees that a request is of these roots and follows what the repository shows. A freshness that was renewed since changes nothing.
 * @param shown undefined when nothing was ever published
 * @throws RbuildError `repository.prepared-outdated`, `repository.other-roots`, `repository.checkout-behind`
 */
export function checkFollows(
  { repository, root: wanted, follows }: SigningRequest,
  { root, shown }: { readonly root: TrustedRoot; readonly shown: PublishedState | undefined },
): void {
  checkRoot({ repository, root: wanted }, root);
  const [now, then] = [shown?.freshness.index, follows?.index];
  if (now?.version === then?.version && now?.sha256 === then?.sha256) return;
  const was = then ? `follows index ${then.version} (${then.sha256})` : "is a first publication";
  const is = now ? `shows index ${now.version} (${now.sha256})` : "shows nothing";
  throw outdated(`it ${was}, and the repository ${is}`, { follows: then ?? null, shown: now ? { version: now.version, sha256: now.sha256 } : null });
}

/** @throws as `checkFollows` */
export function checkRoot({ repository, root: wanted }: Pick<SigningRequest, "repository" | "root">, { root, digest }: TrustedRoot): void {
  if (repository !== root.repository)
    throw new RbuildError("repository.other-roots", `the request is of the repository ${repository}, and this checkout's keys are of ${root.repository}`, {
      category: "conflict",
      hint: "sign in the checkout of that repository",
      details: { repository, expected: root.repository },
    });
  if (wanted.version > root.version)
    throw new RbuildError("repository.checkout-behind", `the request was prepared with root ${wanted.version}, and this checkout has root ${root.version}`, {
      category: "conflict",
      hint: "git pull",
      details: { wanted: wanted.version, version: root.version },
    });
  if (wanted.version < root.version)
    throw outdated(`it was prepared with root ${wanted.version}, and root ${root.version} is the newest`, { root: root.version });
  if (wanted.sha256 !== digest)
    throw new RbuildError("repository.other-roots", `the request was prepared with another root ${wanted.version} than that of this checkout`, {
      category: "conflict",
      hint: "find out whose root it is before you sign anything",
      details: { wanted: wanted.sha256, digest },
    });
}

export function outdated(why: string, details: Readonly<Record<string, unknown>>): RbuildError {
  return new RbuildError("repository.prepared-outdated", `what was prepared is outdated: ${why}`, {
    category: "conflict",
    hint: "prepare it anew: rbuild image publish DIR --prepare FILE",
    details,
  });
}
