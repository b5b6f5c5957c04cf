/**
 * Small Debian archives for tests: real .debs, real indexes, a real signature, served on loopback.
 *
 *     await using archive = await openTestArchive();
 *     await archive.publish({ packages: [{ name: "hello", version: "1.0", depends: "world" }, { name: "world", version: "2" }] });
 *     // archive.url, archive.keyring (a file), archive.directory (dists/, pool/), archive.requests (paths asked for)
 *
 * `publish` again with other packages or another `key`, `date`, `validUntil` makes the archive move; .debs stay in the pool. Everything but
 * the key is a function of what is given: the same packages have the same bytes. `archive.intercept` answers requests in the archive's
 * place: wrong bytes, cut bodies, errors. `makeSigningKey` makes more keys, also expired ones. Nothing here imports rbuild.
 */
export { buildDeb, type TestPackage } from "./build-deb.ts";
export { openTestArchive, type TestArchive } from "./open-archive.ts";
export { makeSigningKey, type SigningKey } from "./signing-key.ts";
export type { SuiteState } from "./write-suite.ts";
