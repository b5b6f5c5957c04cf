import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { writeCanonical } from "../../../../src/rbuild/trust/format/canonical.ts";
import { repositoryPaths } from "../../../../src/rbuild/trust/format/paths.ts";
import {
  type Fingerprint,
  importCertificate,
  openDirectorySource,
  openGnupgSigner,
  openTrustStore,
  proposeRoot,
  readCheckout,
  type Signer,
  signProposal,
  updateTrust,
} from "../../../../src/rbuild/trust/index.ts";
import { addSignature } from "../../../../src/rbuild/trust/signers/add-signature.ts";
import { systemClock } from "../../../../src/system/index.ts";
import { scratchDirectory } from "../../../support/scratch.ts";
import { gnupgHome } from "../../../support/trust/gnupg-home.ts";
import { indexValue } from "../../../support/trust/test-repository.ts";

const fromNow = (days: number) => `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19)}Z`;

test("a directory that GnuPG's keys signed is believed from the first use, and not once a byte of it changed", async () => {
  const home = await gnupgHome();
  const place = await scratchDirectory();
  const keys = join(place, "keys");
  const names = ["ann", "ben", "cron"];
  const fingerprints: Fingerprint[] = [];
  const signers: Signer[] = [];
  for (const name of names) {
    const fingerprint = (await home.makeKey(name, name === "ben" ? "rsa3072" : "ed25519")) as Fingerprint;
    fingerprints.push(fingerprint);
    expect((await importCertificate(keys, Buffer.from(await home.gpg("--armor", "--export", fingerprint)), name, new Date())).kind).toBe("imported");
    signers.push(await openGnupgSigner(fingerprint, home.environment));
  }
  const [ann, ben, cron] = fingerprints as [Fingerprint, Fingerprint, Fingerprint];
  const open = async () => {
    const checkout = await readCheckout(keys, new Date());
    if (checkout.kind === "refused") throw new Error(checkout.message);
    return checkout;
  };
  const roles = { root: { threshold: 2, keys: [ann, ben] }, publisher: { threshold: 2, keys: [ann, ben] }, freshness: { threshold: 1, keys: [cron] } };
  await proposeRoot(await open(), { repository: "test-images", roles, days: 365 }, new Date());
  for (const signer of signers.slice(0, 2)) await signProposal(await open(), signer, new Date());
  const { roots } = await open();
  expect(roots).toHaveLength(1);

  const repository = join(place, "repository");
  const certificates = [...roots[0]!.certificates.values()];
  const publish = async (path: string, bytes: Uint8Array, by: readonly Signer[]) => {
    await mkdir(dirname(join(repository, path)), { recursive: true });
    let signature: string | undefined;
    for (const signer of by)
      signature = await addSignature(bytes, signature === undefined ? undefined : Buffer.from(signature), signer, certificates, { now: new Date() });
    if (signature !== undefined) await writeFile(join(repository, repositoryPaths.signature(path)), signature);
    await writeFile(join(repository, path), bytes);
  };
  const index = writeCanonical(indexValue(1, { issued: fromNow(0), expires: fromNow(100) }));
  const digest = digestOf(index);
  const common = { formatVersion: 1, repository: "test-images", version: 1 };
  const named = { version: 1, sha256: digest, size: index.byteLength };
  await publish(repositoryPaths.index(1, digest), index, signers.slice(0, 2));
  await publish(
    repositoryPaths.freshness(1),
    writeCanonical({ type: "freshness", ...common, asOf: fromNow(0), expires: fromNow(7), root: { version: 1 }, index: named }),
    signers.slice(2),
  );
  await publish(repositoryPaths.current, writeCanonical({ type: "current", formatVersion: 1, freshness: { version: 1 } }), []);

  const ask = async (): Promise<string> => {
    await using store = await openTrustStore(await scratchDirectory(), roots[0]!.digest);
    const verdict = await updateTrust({ checkout: roots, repository: openDirectorySource(repository), store, clock: systemClock });
    return verdict.kind === "refused" ? verdict.code : verdict.kind;
  };
  expect(await ask()).toBe("current");
  const ring = join(place, "ring.asc");
  await writeFile(ring, await home.gpg("--armor", "--export"));
  const file = join(repository, repositoryPaths.index(1, digest));
  expect((await home.run("sqv", ["-n", "2", "--keyring", ring, `${file}.asc`, file])).stdout.trim().split("\n").toSorted()).toEqual([ann, ben].toSorted());

  for (const path of [repositoryPaths.index(1, digest), repositoryPaths.freshness(1), repositoryPaths.signature(repositoryPaths.freshness(1))]) {
    const before = await readFile(join(repository, path));
    const changed = Buffer.from(before);
    const middle = changed.byteLength >> 1;
    changed[middle] = (changed[middle] ?? 0) ^ 1;
    await writeFile(join(repository, path), changed);
    expect(await ask(), path).toMatch(/^trust\.(?:mix-and-match|bad-signature|malformed-signature|malformed-metadata|unknown-key)$/);
    await writeFile(join(repository, path), before);
  }
  expect(await ask()).toBe("current");
});
