import type { Signer } from "../../rbuild/trust/index.ts";
import type { SignerChoice } from "../keys/key-options.ts";
import { openSigner } from "../keys/open-signers.ts";

/** All of them, in their order; they are closed with `opened`. */
export async function openSigners(
  choices: readonly SignerChoice[],
  opened: AsyncDisposableStack,
  passphraseFd: number | undefined,
  signal: AbortSignal,
): Promise<Signer[]> {
  const signers: Signer[] = [];
  for (const choice of choices) signers.push(opened.use(await openSigner(choice, { passphraseFd, signal })));
  return signers;
}
