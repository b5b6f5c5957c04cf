import { pinMismatch, unpinned } from "../images/pin/pin-refusal.ts";
import type { PinnedLook } from "../repository/fetch/look-for-pinned.ts";
import { differenceText } from "./difference-text.ts";
import type { Consequence, EngineVerdict, ImageExplanation, LockVerdict } from "./explanation.ts";

/** What was found of the image below. */
type Below = Pick<ImageExplanation, "name" | "build" | "use"> | undefined;

/** What `rbuild image build` does. */
export function buildConsequence(engine: EngineVerdict, lock: LockVerdict, below: Below): Consequence {
  if (lock.kind === "refused") return { kind: "refused", code: lock.code, reason: lock.message, hint: lock.hint };
  if (engine.kind !== "absent" && below?.build.kind === "built") return { kind: "built", reason: `${below.name}, which it stands on, is built` };
  switch (engine.kind) {
    case "same-inputs":
      return { kind: "used" };
    case "absent":
      return { kind: "built", reason: "the engine does not have it" };
    case "other-inputs":
      return { kind: "built", reason: otherInputs(engine) };
    case "present":
      throw new TypeError("what is present is compared where there is a lock");
    case "unasked":
      return { kind: "open", reason: "takes what the engine has where that was made from what is locked and defined now, else builds it" };
    default:
      return engine satisfies never;
  }
}

/** The first difference, and where it is the lock, the first package. */
function otherInputs({ differences, packages }: Extract<EngineVerdict, { kind: "other-inputs" }>): string {
  const [first] = differences;
  if (!first) return "the engine's was made from other inputs, and it is not known here from which";
  const [change] = packages;
  if (first.field === "lock" && change) {
    const end = (side: { readonly version: string } | undefined) => side?.version ?? "absent";
    const [from, to] = [change.kind === "added" ? undefined : change.from, change.kind === "removed" ? undefined : change.to];
    const more = packages.length === 1 ? "" : `, and ${packages.length - 1} more`;
    return `the engine's was made from another lock: ${(to ?? from)?.name} was ${end(from)} and is ${end(to)}${more}`;
  }
  return `the engine's was made from other inputs: ${differenceText(first)}`;
}

/** What the repositories that were named would do for an image. */
export interface Publication {
  readonly look: PinnedLook;
  /** Named for the command: what looks like an attack ends it. */
  readonly isExplicit: boolean;
}

/** What happens to whoever needs the pinned image; `build` is what follows where it has to be built. */
export function useConsequence(pin: ImageExplanation["pin"], build: Consequence, below: Below, publication: Publication | undefined): Consequence {
  if (below?.use.kind === "refused" && below.use.code === "image.pin-mismatch") return below.use;
  switch (pin.kind) {
    case "exact":
      return { kind: "used" };
    case "different":
      return refusal(pinMismatch(pin.pin, pin.found, "present"));
    case "unpinned":
      return refusal(unpinned(pin.name));
    case "absent":
      return obtained(build, publication);
    case "unasked":
      return { kind: "open", reason: `takes the pinned image where the engine has it; ${absentText(obtained(build, publication))}` };
    default:
      return pin satisfies never;
  }
}

const ABSENT = "the engine does not have the pinned image";

/** Where an absent image comes from. */
function obtained(build: Consequence, publication: Publication | undefined): Consequence {
  const otherwise = build.kind === "refused" ? build : undefined;
  if (!publication || publication.look.kind === "nobody") {
    const why = publication?.look.kind === "nobody" && publication.look.reason !== undefined ? `, and no repository is asked: ${publication.look.reason}` : "";
    return otherwise ?? { kind: "built", reason: `${ABSENT}${why}` };
  }
  const { look, isExplicit } = publication;
  if (look.kind === "had") return { kind: "fetched", from: [look.source], reason: ABSENT };
  const { error, urls } = look;
  if (error?.category === "untrusted" && isExplicit) return refusal(error);
  if (urls.length > 0)
    return { kind: "fetched", from: urls, reason: `${ABSENT}; where no repository gives it, it is ${otherwise ? "refused" : "built from its lock"}` };
  return otherwise ?? { kind: "built", reason: `${ABSENT}, and no repository gives it: ${error?.message ?? "none has it"}` };
}

function absentText(consequence: Consequence): string {
  switch (consequence.kind) {
    case "fetched":
      return `else fetches it from ${consequence.from.join(", ")}`;
    case "refused":
      return `else refuses: ${consequence.reason}`;
    case "built":
      return `else builds it from its lock${consequence.reason.slice(ABSENT.length)}`;
    default:
      return "else builds it from its lock";
  }
}

function refusal({ code, message, hint }: { readonly code: string; readonly message: string; readonly hint?: string | undefined }): Consequence {
  return { kind: "refused", code, reason: message, hint };
}
