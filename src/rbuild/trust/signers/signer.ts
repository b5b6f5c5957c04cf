import type { Fingerprint } from "../format/fields.ts";

/** Somebody's signing key, wherever it is. */
export interface Signer extends AsyncDisposable {
  /** Of the certificate: its primary key. */
  readonly fingerprint: Fingerprint;
  /**
   * One detached signature packet over the bytes.
   * @throws RbuildError `keys.signing-failed`, `keys.wrong-passphrase`
   */
  sign(data: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
}
