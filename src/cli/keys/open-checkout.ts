import { accepted, type Checkout, readCertificates, readCheckout } from "../../rbuild/trust/index.ts";
import { systemClock } from "../../system/index.ts";
import { type NameOf, namesOf } from "./name-of.ts";

export async function openCheckout(directory: string): Promise<Checkout> {
  return accepted(await readCheckout(directory, systemClock.now()));
}

/** A fingerprint with the first user ID of its certificate, as far as `keys/` has it. */
export async function namesIn(checkout: Checkout): Promise<NameOf> {
  const known = [...checkout.roots.flatMap(({ certificates }) => [...certificates.values()]), ...accepted(await readCertificates(checkout.directory))];
  return namesOf(known);
}
