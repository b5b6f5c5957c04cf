import { type Digest, digestOf } from "../../oci/index.ts";
import { RbuildError, readFileIfExists } from "../../system/index.ts";
import { ownFilePath } from "../definition/own-file.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import type { SuiteSource } from "../definition/suite-source.ts";
import { DEFAULT_VARIANT } from "../definition/variant.ts";
import type { ImageLock } from "./image-lock.ts";

/** What decides which packages are locked. Where an archive is has no part in it. */
export type Wanted = ImageLock["wanted"];

const MAX_KEYRING_BYTES = 4 * 2 ** 20;

/** In the order in which differences are looked for; names of packages are a set. */
export async function wantedOf({ definition, directory }: LocatedDefinition): Promise<Wanted> {
  const { from, suites, preferences, architectures, variant, packages = [], offers = [] } = definition;
  return {
    ...(suites === undefined ? {} : { suites: await Promise.all(suites.map((suite) => wantedSuite(suite, directory))) }),
    ...(preferences === undefined ? {} : { preferences }),
    ...(architectures === undefined ? {} : { architectures: [...architectures].sort() }),
    ...(from === undefined ? { variant: variant ?? DEFAULT_VARIANT } : {}),
    ...(packages.length === 0 ? {} : { packages: [...packages].sort() }),
    ...(offers.length === 0 ? {} : { offers: [...offers].sort() }),
  };
}

export async function wantedSuite({ archive, suite, components, keyring }: SuiteSource, directory: string) {
  const certificates: Digest | undefined = keyring === undefined ? undefined : digestOf(await readOwnKeyring(directory, keyring));
  return { archive, suite, components: [...components], ...(certificates === undefined ? {} : { keyring: certificates }) };
}

/** A definition's own keyring. @throws RbuildError `lock.keyring-missing`, `definition.file-outside` */
export async function readOwnKeyring(directory: string, keyring: string): Promise<Buffer> {
  const path = await ownFilePath(directory, keyring);
  const bytes = await readFileIfExists(path, MAX_KEYRING_BYTES);
  if (bytes) return bytes;
  throw new RbuildError("lock.keyring-missing", `the keyring ${path} is not there`, {
    category: "not-found",
    hint: "put the archive's OpenPGP certificates there, or leave keyring out for Debian's own",
    details: { path },
  });
}
