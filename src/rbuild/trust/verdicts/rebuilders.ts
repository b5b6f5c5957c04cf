import type { TrustedRoot } from "../client/root-chain.ts";
import type { Fingerprint } from "../format/fields.ts";
import type { Certificate } from "../openpgp/certificate.ts";

/** Somebody with the role `rebuilder`. */
export interface Rebuilder {
  readonly certificate: Certificate;
  /** Why his word does not count, in words that follow his name: he publishes, or another's key is among his. */
  readonly dependence?: string;
}

/** The rebuilders of a root, in the order of their fingerprints: each certificate once, whatever subkeys it has. */
export function rebuildersOf({ root: { roles }, certificates }: Pick<TrustedRoot, "root" | "certificates">): Rebuilder[] {
  const certificatesOf = (keys: readonly Fingerprint[]) => keys.flatMap((key) => certificates.get(key) ?? []);
  const publishing = new Set(certificatesOf(roles.publisher.keys).flatMap(keyMaterial));
  const taken = new Set<string>();
  return certificatesOf(roles.rebuilder.keys).map((certificate) => {
    const material = keyMaterial(certificate);
    if (material.some((key) => publishing.has(key))) return { certificate, dependence: "publishes himself" };
    if (material.some((key) => taken.has(key))) return { certificate, dependence: "has a key of another rebuilder" };
    for (const key of material) taken.add(key);
    return { certificate };
  });
}

/** Those whose word counts. */
export const independentOf = (root: TrustedRoot): Certificate[] =>
  rebuildersOf(root).flatMap(({ certificate, dependence }) => (dependence === undefined ? [certificate] : []));

/** Algorithm and numbers of each key, without the time it was made: with another time, the same key has another fingerprint. RFC 9580, 5.5.2. */
function keyMaterial({ key }: Certificate): string[] {
  return key.getKeys().map(({ keyPacket }) => Buffer.from(keyPacket.write()).subarray(5).toString("hex"));
}
