import type { Fingerprint } from "../../rbuild/trust/index.ts";

/** A fingerprint as people are shown it: with the first user ID of its certificate, where that is known. */
export type NameOf = (fingerprint: Fingerprint) => string;

export function namesOf(certificates: Iterable<{ readonly fingerprint: Fingerprint; readonly userIds: readonly string[] }>): NameOf {
  const names = new Map([...certificates].map(({ fingerprint, userIds }) => [fingerprint, userIds[0] ?? ""]));
  return (fingerprint) => (names.get(fingerprint) ? `${fingerprint} (${names.get(fingerprint)})` : fingerprint);
}
