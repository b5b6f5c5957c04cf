import { openGnupgSigner, openKeyFileSigner, type Signer } from "../../rbuild/trust/index.ts";
import { askPassphrase } from "./ask-passphrase.ts";
import type { SignerChoice } from "./key-options.ts";

/** One signer of those named. The passphrase of a file is asked for when the key is locked; gpg's agent asks itself. */
export function openSigner(choice: SignerChoice, options: { readonly passphraseFd?: number | undefined; readonly signal: AbortSignal }): Promise<Signer> {
  const { passphraseFd, signal } = options;
  return choice.kind === "gpg"
    ? openGnupgSigner(choice.user)
    : openKeyFileSigner(choice.path, { passphrase: () => askPassphrase(choice.path, { fileDescriptor: passphraseFd, signal }) });
}
