import { join } from "node:path";
import { revokeKey } from "openpgp";
import { RbuildError, writeFileAtomic } from "../../../system/index.ts";
import type { Fingerprint } from "../format/fields.ts";
import { encodeArmor } from "../openpgp/armor.ts";
import { LENIENT } from "../openpgp/policy.ts";
import { accepted } from "../refusal.ts";
import { readCertificates } from "./checkout.ts";

/**
 * Joins an OpenPGP revocation certificate (what `gpg --gen-revoke` makes) to `keys/<FINGERPRINT>.asc`.
 * @throws RbuildError `keys.unknown-key`, `keys.bad-revocation`
 */
export async function applyRevocation(directory: string, fingerprint: Fingerprint, revocation: string, now: Date): Promise<string> {
  const known = accepted(await readCertificates(directory)).find((certificate) => certificate.fingerprint === fingerprint);
  if (!known) throw new RbuildError("keys.unknown-key", `there is no ${fingerprint}.asc in ${directory}`, { category: "not-found", hint: "rbuild keys list" });
  const path = join(directory, `${fingerprint}.asc`);
  try {
    const { publicKey } = await revokeKey({ key: known.key, revocationCertificate: revocation, date: now, format: "object", config: LENIENT });
    await writeFileAtomic(path, encodeArmor(publicKey.write(), "PUBLIC KEY BLOCK"));
    return path;
  } catch (error) {
    throw new RbuildError("keys.bad-revocation", `that does not revoke ${fingerprint}: ${error instanceof Error ? error.message : String(error)}`, {
      category: "invalid",
      cause: error,
    });
  }
}
