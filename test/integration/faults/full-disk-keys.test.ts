import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importCertificate, proposeRoot, signProposal } from "../../../src/rbuild/trust/index.ts";
import { accepted } from "../../../src/rbuild/trust/refusal.ts";
import { sweepFullDisk } from "../../support/faults/full-disk.ts";
import { checkoutOf, type KeysTree, openKeysTree } from "../../support/faults/key-works.ts";
import { NOW } from "../../support/trust/test-keys.ts";

let tree: KeysTree;
beforeAll(async () => void (tree = await openKeysTree()));
afterAll(() => tree[Symbol.asyncDispose]());

const prepare = (disk: string) => cp(tree.directory, disk, { recursive: true });
const certificate = () => Buffer.from(tree.next.armored);

test("keys import: the certificate is there as it is, or not at all", { timeout: 3600_000 }, async () => {
  const failures = await sweepFullDisk({
    prepare,
    async act(disk) {
      try {
        accepted(await importCertificate(join(disk, "keys"), certificate(), "a key", NOW));
      } catch (error) {
        // Node says of a full disk which file it is of only where that is opened.
        expect(error).toMatchObject({
          code: "ENOSPC",
          path: expect.stringContaining(tree.next.fingerprint),
          message: expect.stringContaining(tree.next.fingerprint),
        });
        throw error;
      }
    },
    async verify(disk, isDone) {
      expect((await checkoutOf(disk)).roots).toHaveLength(1);
      const names = (await readdir(join(disk, "keys"))).filter((name) => name !== "root");
      expect(names.toSorted()).toEqual(
        [...(await readdir(join(tree.directory, "keys"))).filter((name) => name !== "root"), ...(isDone ? [`${tree.next.fingerprint}.asc`] : [])].toSorted(),
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
      if ((await checkoutOf(disk)).roots.length === 2) return;
      const roles = { freshness: { threshold: 1, keys: [tree.next.fingerprint] } };
      const revoke = [{ fingerprint: tree.cron.fingerprint, reason: "compromised" as const }];
      await proposeRoot(await checkoutOf(disk), { roles, days: 365, ...(what === "revoke" ? { revoke } : {}) }, NOW);
      await signProposal(await checkoutOf(disk), tree.owner.signer, NOW);
    },
    async verify(disk, isDone) {
      const { roots, proposal } = await checkoutOf(disk);
      expect(roots[0]!.root.version).toBe(1);
      if (isDone) expect(roots).toHaveLength(2);
      const [, second] = roots;
      if (second)
        expect([second.root.roles.freshness.keys, second.root.revoked.length, proposal]).toEqual([
          [tree.next.fingerprint],
          what === "revoke" ? 1 : 0,
          undefined,
        ]);
      expect((await readdir(join(disk, "keys"), { recursive: true })).filter((name) => /^\.|\/\.|\.new$/.test(name))).toEqual([]);
    },
  });
  expect(failures).toBeGreaterThan(3);
});
