import { RbuildError, readFileIfExists } from "../../../system/index.ts";

/** What the package debian-archive-keyring has brought, by its version. */
const PLACES = ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"] as const;
const MAX_KEYRING_BYTES = 4 * 2 ** 20;

/** Debian's archive keys as this host has them. @throws RbuildError `lock.no-archive-keyring` */
export async function readHostKeyring(): Promise<Buffer> {
  for (const path of PLACES) {
    const bytes = await readFileIfExists(path, MAX_KEYRING_BYTES);
    if (bytes) return bytes;
  }
  throw new RbuildError("lock.no-archive-keyring", "this host has no copy of Debian's archive keys, so no archive's signature can be checked", {
    category: "unavailable",
    hint: "apt-get install debian-archive-keyring",
    details: { looked: PLACES },
  });
}
