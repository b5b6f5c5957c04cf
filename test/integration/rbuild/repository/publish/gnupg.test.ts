import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  type Fingerprint,
  importCertificate,
  openGnupgSigner,
  proposeRoot,
  readCheckout,
  type Signer,
  signProposal,
} from "../../../../../src/rbuild/trust/index.ts";
import { systemClock } from "../../../../../src/system/index.ts";
import { listFiles, openPublishLab } from "../../../../support/repository/publish-lab.ts";
import { gnupgHome } from "../../../../support/trust/gnupg-home.ts";

test("what two of GnuPG's keys have published verifies with gpg and sqv", async () => {
  const lab = await openPublishLab();
  onTestFinished(() => lab[Symbol.asyncDispose]());
  await lab.release("1");
  const home = await gnupgHome();
  const keys = join(lab.directory, "gnupg-keys");
  const signers: Signer[] = [];
  for (const name of ["ann", "ben", "cron"]) {
    const fingerprint = (await home.makeKey(name, name === "ben" ? "rsa3072" : "ed25519")) as Fingerprint;
    await importCertificate(keys, Buffer.from(await home.gpg("--armor", "--export", fingerprint)), name, new Date());
    signers.push(await openGnupgSigner(fingerprint, home.environment));
  }
  const [ann, ben, cron] = signers.map(({ fingerprint }) => fingerprint) as [Fingerprint, Fingerprint, Fingerprint];
  const checkout = async () => {
    const read = await readCheckout(keys, new Date());
    if (read.kind === "refused") throw new Error(read.message);
    return read;
  };
  const roles = { root: { threshold: 1, keys: [ann] }, publisher: { threshold: 2, keys: [ann, ben] }, freshness: { threshold: 1, keys: [cron] } };
  await proposeRoot(await checkout(), { repository: "test-images", roles, days: 365 }, new Date());
  await signProposal(await checkout(), signers[0]!, new Date());
  const { roots } = await checkout();

  const few = { roots, clock: systemClock, openSigners: async () => [signers[0]!, signers[2]!] };
  await expect(lab.publish({}, few)).rejects.toThrow(expect.objectContaining({ code: "repository.too-few-signers" }));
  const publish = () => lab.publish({}, { roots, clock: systemClock, openSigners: async () => signers });
  await publish();
  await lab.release("2");
  await publish();
  const ring = join(lab.directory, "ring.asc");
  await writeFile(ring, await home.gpg("--armor", "--export"));
  const bySigner = { root: [ann], index: [ann, ben], freshness: [cron] } as const;
  const names = [...(await listFiles(lab.repository)).keys()];
  const signed = names.filter((name) => name.endsWith(".asc")).map((name) => name.slice(0, -4));
  expect(signed.map((name) => name.split("/")[0])).toEqual(["freshness", "freshness", "index", "index", "root"]);
  expect(names.filter((name) => /^(?:root|index|freshness)\/.*\.json$/.test(name))).toEqual(signed);
  for (const path of signed) {
    const by = bySigner[path.split("/")[0] as keyof typeof bySigner];
    const file = join(lab.repository, path);
    expect(await readFile(`${file}.asc`, "latin1")).toMatch(/^-----BEGIN PGP SIGNATURE-----\n/);
    const { stderr } = await home.run("gpg", ["--verify", `${file}.asc`, file]);
    expect(stderr.match(/Good signature/g)).toHaveLength(by.length);
    const { stdout } = await home.run("sqv", ["-n", String(by.length), "--keyring", ring, `${file}.asc`, file]);
    expect(stdout.trim().split("\n").toSorted()).toEqual([...by].sort());
  }
});
