import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Checkout, importCertificate, proposeRoot, readCheckout, signProposal } from "../../../src/rbuild/trust/index.ts";
import { accepted } from "../../../src/rbuild/trust/refusal.ts";
import { sweepFullDisk } from "../../support/faults/full-disk.ts";
import { writeRoot } from "../../support/repository/publish-lab.ts";
import { NOW, type TestKey, testKey } from "../../support/trust/test-keys.ts";

let before: string;
let owner: TestKey;
let cron: TestKey;
let next: TestKey;
beforeAll(async () => {
  before = await mkdtemp("/var/tmp/rbuild-test-");
  const [first, publisher, second, third] = await Promise.all(["owner", "publisher", "cron", "next"].map((name) => testKey(name)));
  [owner, cron, next] = [first!, second!, third!];
  await writeRoot(join(before, "keys"), owner, { root: owner, publisher: publisher!, freshness: cron });
  for (const key of [owner, publisher!, cron]) await importCertificate(join(before, "keys"), Buffer.from(key.armored), "a key", NOW);
});
afterAll(() => rm(before, { recursive: true, force: true }));

const prepare = (disk: string) => cp(before, disk, { recursive: true });
const open = async (disk: string): Promise<Checkout> => accepted(await readCheckout(join(disk, "keys"), NOW));
const certificate = () => Buffer.from(next.armored);

test("keys import: the certificate is there as it is, or not at all", { timeout: 3600_000 }, async () => {
  const failures = await sweepFullDisk({
    prepare,
    async act(disk) {
      try {
        accepted(await importCertificate(join(disk, "keys"), certificate(), "a key", NOW));
      } catch (error) {
        // Node says of a full disk which file it is of only where that is opened.
        expect(error).toMatchObject({ code: "ENOSPC", path: expect.stringContaining(next.fingerprint), message: expect.stringContaining(next.fingerprint) });
        throw error;
      }
    },
    async verify(disk, isDone) {
      expect((await open(disk)).roots).toHaveLength(1);
      const names = (await readdir(join(disk, "keys"))).filter((name) => name !== "root");
      expect(names.toSorted()).toEqual(
        [...(await readdir(join(before, "keys"))).filter((name) => name !== "root"), ...(isDone ? [`${next.fingerprint}.asc`] : [])].toSorted(),
      );
    },
  });
  expect(failures).toBeGreaterThan(1);
});

test.each(["rotate", "revoke"] as const)("keys %s: clients and the checkout have the root of before, or the next", { timeout: 3600_000 }, async (what) => {
  const failures = await sweepFullDisk({
    async prepare(disk) {
      await prepare(disk);
      accepted(await importCertificate(join(disk, "keys"), certificate(), "a key", NOW));
    },
    async act(disk) {
      if ((await open(disk)).roots.length === 2) return;
      const roles = { freshness: { threshold: 1, keys: [next.fingerprint] } };
      const revoke = [{ fingerprint: cron.fingerprint, reason: "compromised" as const }];
      await proposeRoot(await open(disk), { roles, days: 365, ...(what === "revoke" ? { revoke } : {}) }, NOW);
      await signProposal(await open(disk), owner.signer, NOW);
    },
    async verify(disk, isDone) {
      const { roots, proposal } = await open(disk);
      expect(roots[0]!.root.version).toBe(1);
      if (isDone) expect(roots).toHaveLength(2);
      const [, second] = roots;
      if (second)
        expect([second.root.roles.freshness.keys, second.root.revoked.length, proposal]).toEqual([[next.fingerprint], what === "revoke" ? 1 : 0, undefined]);
      expect((await readdir(join(disk, "keys"), { recursive: true })).filter((name) => /^\.|\/\.|\.new$/.test(name))).toEqual([]);
    },
  });
  expect(failures).toBeGreaterThan(3);
});
