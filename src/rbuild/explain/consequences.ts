import type { PinVerdict } from "../images/image-operations.ts";
import { pinMismatch, unpinned } from "../images/pin/pin-refusal.ts";
import type { Consequence, EngineVerdict, ImageExplanation, LockVerdict } from "./explanation.ts";
import { valueText } from "./value-text.ts";

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
  return `the engine's was made from other inputs: ${first.field} was ${valueText(first.was)} and is ${valueText(first.is)}`;
}

/** What happens to whoever needs the pinned image; `build` is what follows where it has to be built. */
export function useConsequence(pin: PinVerdict, build: Consequence, below: Below): Consequence {
  if (below?.use.kind === "refused" && below.use.code === "image.pin-mismatch") return below.use;
  switch (pin.kind) {
    case "exact":
      return { kind: "used" };
    case "different":
      return refusal(pinMismatch(pin.pin, pin.found.imageId, "present"));
    case "unpinned":
      return refusal(unpinned(pin.name));
    case "absent":
      return build.kind === "refused"
        ? build
        : { kind: "built", reason: "the engine does not have the pinned image: it is fetched where a repository is named, else reproduced from its lock" };
    default:
      return pin satisfies never;
  }
}

function refusal({ code, message, hint }: { readonly code: string; readonly message: string; readonly hint: string | undefined }): Consequence {
  return { kind: "refused", code, reason: message, hint };
}
