import { RbuildError } from "../../../system/index.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import { checkClock } from "../../trust/clock.ts";
import { judgeLifetime } from "../../trust/format/lifetime.ts";
import type { Fingerprint } from "../../trust/index.ts";
import { refusalError } from "../../trust/refusal.ts";
import type { IndexedImage } from "../publish/index-content.ts";
import { checkFollows, checkRoot, outdated } from "../publish/prepared/check-follows.ts";
import type { Part } from "../publish/prepared/prepared-files.ts";
import { roleOf } from "../publish/prepared/progress.ts";
import type { SigningRequest } from "../publish/prepared/signing-request.ts";
import type { PublishedState } from "../publish/published-state.ts";
import type { SigningRole } from "../publish/sign-metadata.ts";
import { comparePin, type PinVerdict } from "./compare-pins.ts";
import { type ContentChanges, contentChanges } from "./content-changes.ts";

/** A state that a client has verified, and where. */
export interface ShownState extends PublishedState {
  readonly source: string;
  /** Why nobody vouches that it is the newest: a freeze, or nobody renewed it. */
  readonly stale?: string;
}

/** What a request asks a signer to vouch for, and what his own checkout and the public repository say of it. */
export interface Examination {
  readonly request: SigningRequest;
  /** What it was compared with; undefined when nobody said where the repository is, or nothing was ever published. */
  readonly shown: ShownState | undefined;
  /** Against `shown`; against nothing before the first publication. */
  readonly changes: ContentChanges | undefined;
  readonly images: readonly (IndexedImage & { readonly pin: PinVerdict })[];
  readonly roles: readonly { readonly part: Part; readonly role: SigningRole; readonly threshold: number; readonly keys: readonly Fingerprint[] }[];
  /** Why it should not be signed. */
  readonly problems: readonly RbuildError[];
}

export interface ExamineOptions {
  /** The newest of the signer's checkout. */
  readonly root: TrustedRoot;
  readonly shown: ShownState | undefined;
  readonly imageDirectories: readonly string[];
  readonly now: Date;
  /** New images that the checkout does not pin are no problem; all may be new where nothing is known of what was published before. */
  readonly isUnpinnedAllowed?: boolean;
}

/**
 * @throws RbuildError `repository.prepared-outdated`, `repository.other-roots`, `repository.checkout-behind`, `trust.too-long-lived`,
 *   `trust.clock-behind`: then there is nothing to be looked at
 */
export async function examineRequest(request: SigningRequest, { root, shown, imageDirectories, now, isUnpinnedAllowed }: ExamineOptions): Promise<Examination> {
  checkRoot(request, root);
  if (shown) checkFollows(request, { root, shown });
  checkTimes(request, now);
  const index = request.index?.value;
  const images: (IndexedImage & { pin: PinVerdict })[] = [];
  for (const image of index?.images ?? []) images.push({ ...image, pin: await comparePin(image, imageDirectories) });
  const isComparable = shown !== undefined || request.follows === undefined;
  const changes = index && isComparable ? contentChanges(shown?.index ?? { images: [] }, index) : undefined;
  const roles = (["index", "freshness"] as const)
    .filter((part) => request[part])
    .map((part) => ({ part, role: roleOf(part), threshold: root.root.roles[roleOf(part)].threshold, keys: root.root.roles[roleOf(part)].keys }));
  const added = changes && new Set(changes.added.map(({ manifest }) => manifest));
  const problems = [
    ...(changes?.replaced ?? []).map(versionTaken),
    ...images.flatMap((image) => pinProblem(image, added ? added.has(image.manifest) && "new" : "may be new", isUnpinnedAllowed) ?? []),
  ];
  return { request, shown, changes, images, roles, problems };
}

function checkTimes({ index, freshness }: SigningRequest, now: Date): void {
  const parts = [
    ...(index ? [{ type: "index" as const, from: index.value.issued, expires: index.value.expires }] : []),
    { type: "freshness" as const, from: freshness.value.asOf, expires: freshness.value.expires },
  ];
  for (const { type, from, expires } of parts) {
    const refused = judgeLifetime(type, { from, expires }, `the ${type} of this request`) ?? checkClock(now, new Date(from));
    if (refused) throw refusalError(refused);
    if (now >= new Date(expires)) throw outdated(`its ${type} ended ${expires}`, { expires });
  }
}

function pinProblem(
  { name, version, architecture, manifest, pin }: IndexedImage & { readonly pin: PinVerdict },
  novelty: "new" | "may be new" | false,
  isUnpinnedAllowed: boolean | undefined,
): RbuildError | undefined {
  const what = `${name} ${version} for ${architecture}`;
  if (pin.kind === "different")
    return new RbuildError("image.pin-mismatch", `${what} is not the image that this checkout pins: wanted ${pin.pinned}, in the request is ${manifest}`, {
      category: "refused",
      hint: `find out which of the two is right before you sign: rbuild image build ${name} makes the pinned one from its lock`,
      details: { name, version, wantedDigest: pin.pinned, found: manifest, how: "request" },
    });
  if (pin.kind === "exact" || !novelty || isUnpinnedAllowed) return undefined;
  const has = pin.kind === "other-version" ? `pins version ${pin.version}` : "has no pin of it";
  return new RbuildError(
    "repository.not-compared",
    `${what} ${novelty === "new" ? "is new" : novelty}, and this checkout ${has}: its bytes cannot be compared`,
    {
      category: "refused",
      hint: `${novelty === "new" ? "git pull, to the commit that is released" : "say where the repository is, to compare with what it shows: --from URL"}; to sign what cannot be compared: --allow-unpinned`,
      details: { name, version, architecture, digest: manifest },
    },
  );
}

function versionTaken({ before, after }: ContentChanges["replaced"][number]): RbuildError {
  const { name, version, architecture } = after;
  return new RbuildError("repository.version-taken", `${name} ${version} for ${architecture} is published with other bytes than those of the request`, {
    category: "conflict",
    hint: "do not sign it: what was published never changes",
    details: { name, version, architecture, published: before.manifest, requested: after.manifest },
  });
}
