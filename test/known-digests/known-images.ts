import { join } from "node:path";

/** Small images whose digests are known: per compatibility version, definitions with locks, the packages they name, and the digests that must come of them. */
export const knownDirectory = (compatibilityVersion: number): string => join(import.meta.dirname, `v${compatibilityVersion}`);

/** Content of `digests.json`: digest of the manifest by the image's name. */
export type KnownDigests = Readonly<Record<string, string>>;
