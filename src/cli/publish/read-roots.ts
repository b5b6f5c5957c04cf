import type { TrustedRoot } from "../../rbuild/trust/client/root-chain.ts";
import { accepted, readCheckout } from "../../rbuild/trust/index.ts";
import { RbuildError, systemClock } from "../../system/index.ts";

/** The signed roots of a checkout's `keys/`, at least one. @throws RbuildError codes `trust.*` */
export async function readRoots(directory: string): Promise<readonly TrustedRoot[]> {
  const { roots, proposal } = accepted(await readCheckout(directory, systemClock.now()));
  if (roots.length > 0) return roots;
  throw new RbuildError("trust.no-root", `${directory} has no signed root: it names nobody whose signature counts`, {
    category: "untrusted",
    hint: proposal
      ? "rbuild keys sign --sign-with …, until enough have"
      : "take keys/ from whoever publishes, with the checkout; to publish yourself: rbuild keys rotate --repository NAME --role …",
  });
}
