import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Checkout, RoleChange } from "../../../../../src/rbuild/trust/index.ts";
import {
  drillLeak,
  importCertificate,
  openTrustStore,
  proposalProgress,
  proposeRoot,
  readCheckout,
  scanKeys,
  signProposal,
  updateTrust,
} from "../../../../../src/rbuild/trust/index.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW, type TestKey, testKey } from "../../../../support/trust/test-keys.ts";
import { daysFromNow, TestRepository } from "../../../../support/trust/test-repository.ts";

let keys: Record<"ann" | "ben" | "cleo" | "cron" | "dora", TestKey>;
beforeAll(async () => {
  const names = ["ann", "ben", "cleo", "cron", "dora"] as const;
  keys = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await testKey(name, { days: name === "cron" ? 330 : 900 })]))) as typeof keys;
});

const of = (threshold: number, ...names: (keyof typeof keys)[]): RoleChange => ({ threshold, keys: names.map((name) => keys[name].fingerprint) });
const firstRoles = () => ({ root: of(2, "ann", "ben", "cleo"), publisher: of(1, "ann"), freshness: of(1, "cron") });

async function open(directory: string, now = NOW): Promise<Checkout> {
  const checkout = await readCheckout(directory, now);
  if (checkout.kind === "refused") throw new Error(`${checkout.code}: ${checkout.message}`);
  return checkout;
}

async function keysDirectory(): Promise<string> {
  const directory = join(await scratchDirectory(), "keys");
  for (const key of Object.values(keys)) expect((await importCertificate(directory, Buffer.from(key.armored), "it", NOW)).kind).toBe("imported");
  return directory;
}

/** With root 1, signed by two of three. */
async function ceremony(): Promise<string> {
  const directory = await keysDirectory();
  await proposeRoot(await open(directory), { repository: "test-images", roles: firstRoles(), days: 365 }, NOW);
  for (const name of ["ann", "ben"] as const) await signProposal(await open(directory), keys[name].signer, NOW);
  return directory;
}

describe("a root", () => {
  test("counts once enough have signed, each on a machine of his own", async () => {
    const directory = await keysDirectory();
    await proposeRoot(await open(directory), { repository: "test-images", roles: firstRoles(), days: 365 }, NOW);
    const elsewhere = join(await scratchDirectory(), "keys");
    await cp(directory, elsewhere, { recursive: true });
    await signProposal(await open(elsewhere), keys.cleo.signer, NOW);
    const half = await open(elsewhere);
    expect([half.roots.length, half.proposal?.value.version]).toEqual([0, 1]);
    expect(await proposalProgress(half, NOW)).toMatchObject([{ root: 1, threshold: 2, signed: [keys.cleo.fingerprint] }]);
    await signProposal(half, keys.cleo.signer, NOW); // again: still one
    expect((await open(elsewhere)).roots).toHaveLength(0);
    await signProposal(await open(elsewhere), keys.ann.signer, NOW);
    const done = await open(elsewhere);
    expect([done.roots.length, done.proposal]).toEqual([1, undefined]);
  });

  test("that rotates needs the old keys and the new ones", async () => {
    const directory = await ceremony();
    await proposeRoot(await open(directory), { roles: { root: of(2, "cleo", "dora") }, days: 365 }, NOW);
    await signProposal(await open(directory), keys.dora.signer, NOW);
    expect((await open(directory)).proposal?.value.version).toBe(2); // signed by a key that root 1 does not know
    await signProposal(await open(directory), keys.cleo.signer, NOW);
    const half = await open(directory);
    expect(half.roots).toHaveLength(1);
    expect((await proposalProgress(half, NOW)).map(({ root, threshold, signed }) => [root, threshold, signed.length])).toEqual([
      [1, 2, 1],
      [2, 2, 2],
    ]);
    await signProposal(half, keys.ben.signer, NOW);
    expect((await open(directory)).roots.map(({ root }) => root.version)).toEqual([1, 2]);
    // gone from the certificates: who has no role any more
    expect((await open(directory)).roots[1]!.root.certificates.map(({ fingerprint }) => fingerprint)).not.toContain(keys.ben.fingerprint);
  });

  test("is not signed by who has no say in it", async () => {
    const directory = await ceremony();
    await expect(signProposal(await open(directory), keys.ann.signer, NOW)).rejects.toMatchObject({ code: "keys.no-proposal" });
    await proposeRoot(await open(directory), { days: 365 }, NOW);
    await expect(signProposal(await open(directory), keys.cron.signer, NOW)).rejects.toMatchObject({ code: "keys.not-a-root-key" });
  });

  test("proposed anew loses the signatures over its earlier form", async () => {
    const directory = await ceremony();
    await proposeRoot(await open(directory), { days: 365 }, NOW);
    await signProposal(await open(directory), keys.ann.signer, NOW);
    await expect(proposeRoot(await open(directory), { days: 30 }, NOW)).rejects.toMatchObject({ code: "keys.proposal-pending" }); // by mistake, for sign
    expect((await proposeRoot(await open(directory), { roles: { freshness: of(1, "cron", "dora") }, days: 30 }, NOW)).droppedSignatures).toBe(true);
    const { proposal } = await open(directory);
    expect([proposal?.signature, proposal?.value.roles.freshness.keys.length, proposal?.value.version]).toEqual([undefined, 2, 2]);
  });

  test("without enough keys for a role is not proposed", async () => {
    const directory = await keysDirectory();
    const propose = async (change: object) => proposeRoot(await open(directory), { repository: "test-images", roles: firstRoles(), days: 365, ...change }, NOW);
    await expect(propose({ roles: { root: of(2, "ann"), publisher: of(1, "ann"), freshness: of(1, "cron") } })).rejects.toMatchObject({
      code: "keys.incomplete",
    });
    await expect(propose({ roles: { root: of(1, "ann") } })).rejects.toMatchObject({ code: "keys.incomplete" });
    await expect(propose({ floors: { index: 0 } })).rejects.toMatchObject({ code: "keys.incomplete" });
    await expect(proposeRoot(await open(directory), { repository: "test-images", roles: firstRoles(), days: 365 }, new Date(daysFromNow(20)))).rejects.toThrow(
      /freshness could not reach its threshold.*expired/,
    );
    await expect(propose({ repository: undefined })).rejects.toMatchObject({ code: "keys.incomplete" });
    await expect(propose({ roles: { ...firstRoles(), rebuilder: { threshold: 1, keys: ["A".repeat(40)] } } })).rejects.toMatchObject({
      code: "keys.incomplete",
    });
  });

  test("whose file was changed by hand is refused, and not taken for a proposal", async () => {
    const directory = await ceremony();
    const path = join(directory, "root", "1.json");
    await writeFile(path, (await readFile(path, "utf8")).replace('"threshold": 2', '"threshold": 1'));
    expect(await readCheckout(directory, NOW)).toMatchObject({ kind: "refused", code: "trust.bad-signature" });
  });

  test("on a machine whose clock stands in 1970", async () => {
    expect(await readCheckout(await ceremony(), new Date(0))).toMatchObject({ code: "trust.clock-behind" });
  });
});

test("a root key that has expired in the newest root's form does not sign the next, and the progress says so", async () => {
  const directory = await keysDirectory();
  const roles = { root: of(1, "cron"), publisher: of(1, "ann"), freshness: of(1, "ann") };
  await proposeRoot(await open(directory), { repository: "test-images", roles, days: 365 }, NOW);
  await signProposal(await open(directory), keys.cron.signer, NOW);
  const { reformatKey } = await import("openpgp");
  const { fingerprint } = keys.cron;
  const longer = await reformatKey({
    privateKey: keys.cron.privateKey,
    userIDs: [{ name: "cron", email: "cron@example.org" }],
    keyExpirationTime: 700 * 86_400,
    date: NOW,
    format: "armored",
  });
  await importCertificate(directory, Buffer.from(longer.publicKey), "it", NOW);
  const later = new Date(daysFromNow(60));
  await proposeRoot(await open(directory, later), { days: 365 }, later);
  await signProposal(
    await open(directory, later),
    { ...keys.cron.signer, sign: (data) => keys.cron.sign(data, { date: later, key: longer.privateKey }) },
    later,
  );
  const checkout = await open(directory, later);
  expect(checkout.roots).toHaveLength(1);
  expect((await proposalProgress(checkout, later)).map(({ root, signed }) => [root, signed])).toEqual([
    [1, []],
    [2, [fingerprint]],
  ]);
});

describe("revoking", () => {
  test("takes a key out of every role for ever", async () => {
    const directory = await ceremony();
    const revoke = [{ fingerprint: keys.ann.fingerprint, reason: "compromised" as const }];
    await expect(proposeRoot(await open(directory), { revoke, days: 365 }, NOW)).rejects.toMatchObject({ code: "keys.incomplete" }); // nobody is left to publish
    await proposeRoot(await open(directory), { revoke, roles: { publisher: of(1, "ann", "dora") }, days: 365 }, NOW);
    for (const name of ["ben", "cleo"] as const) await signProposal(await open(directory), keys[name].signer, NOW);
    const { root } = (await open(directory)).roots[1]!;
    expect(root.revoked.map(({ fingerprint }) => fingerprint)).toEqual([keys.ann.fingerprint]);
    expect([root.roles.publisher.keys, root.roles.root.keys.includes(keys.ann.fingerprint)]).toEqual([[keys.dora.fingerprint], false]);
    await proposeRoot(await open(directory), { roles: { publisher: of(1, "ann", "dora") }, days: 365 }, NOW);
    expect((await open(directory)).proposal?.value.roles.publisher.keys).toEqual([keys.dora.fingerprint]);
  });

  test("reaches a client, who then refuses what the key signs; one that was not reached does not", async () => {
    const directory = await ceremony();
    const { roots } = await open(directory);
    await proposeRoot(
      await open(directory),
      { revoke: [{ fingerprint: keys.ann.fingerprint, reason: "compromised" }], roles: { publisher: of(1, "dora") }, days: 365 },
      NOW,
    );
    for (const name of ["ben", "cleo"] as const) await signProposal(await open(directory), keys[name].signer, NOW);
    const repository = new TestRepository();
    await repository.putState({ publishers: [keys.ann], freshnessKeys: [keys.cron], freshnessFields: { asOf: daysFromNow(0) } });
    const client = async () => {
      await using store = await openTrustStore(await scratchDirectory(), roots[0]!.digest);
      const verdict = await updateTrust({ checkout: roots, repository, store, clock: { now: () => NOW } });
      return verdict.kind === "refused" ? verdict.code : verdict.kind;
    };
    expect(await client()).toBe("current");
    for (const name of await readdir(join(directory, "root")))
      repository.files.set(`root/${name}`, new Uint8Array(await readFile(join(directory, "root", name))));
    expect(await client()).toBe("trust.revoked-key");
  });
});

test("a root that would hold longer than clients believe is not proposed", async () => {
  const directory = await ceremony();
  await expect(proposeRoot(await open(directory), { days: 1828 }, NOW)).rejects.toMatchObject({ code: "keys.incomplete" });
  await proposeRoot(await open(directory), { days: 1827 }, NOW);
});

describe("the radar", () => {
  test("tells what ends within 60, 30 and 7 days, and what cannot be signed any more", async () => {
    const directory = await ceremony();
    const at = async (days: number) => {
      const radar = await scanKeys(await open(directory), new Date(daysFromNow(days)));
      const level = radar.entries.find(({ subject }) => subject.kind === "certificate" && subject.fingerprint === keys.cron.fingerprint)!.level;
      return [level, radar.isBroken];
    };
    // cron's key ends 330 days after it was made, 324 days before now: in 6 days
    expect(await at(0)).toEqual(["urgent", false]);
    expect(await at(-10)).toEqual(["warning", false]);
    expect(await at(-40)).toEqual(["notice", false]);
    expect(await at(-60)).toEqual(["good", false]);
    expect(await at(7)).toEqual(["expired", true]);
  });

  test("sees that keys/ has a newer form of a certificate", async () => {
    const directory = await ceremony();
    const { reformatKey } = await import("openpgp");
    const longer = await reformatKey({
      privateKey: keys.cron.privateKey,
      userIDs: [{ name: "cron", email: "cron@example.org" }],
      keyExpirationTime: 700 * 86_400,
      date: new Date(daysFromNow(-1)),
      format: "armored",
    });
    expect(await importCertificate(directory, Buffer.from(longer.publicKey), "it", NOW)).toMatchObject({ change: "updated" });
    expect((await scanKeys(await open(directory), NOW)).entries.filter(({ isChanged }) => isChanged)).toHaveLength(1);
    await proposeRoot(await open(directory), { days: 365 }, NOW);
    for (const name of ["ann", "cleo"] as const) await signProposal(await open(directory), keys[name].signer, NOW);
    const radar = await scanKeys(await open(directory), NOW);
    expect(radar.entries.every(({ level }) => level === "good")).toBe(true);
  });
});

describe("the drill", () => {
  const drill = async (directory: string, ...names: (keyof typeof keys)[]) =>
    drillLeak(
      await open(directory),
      names.map((name) => keys[name].fingerprint),
      NOW,
    );

  test("one of two keys of the root, which alone publishes nothing either, is no danger", async () => {
    const result = await drill(await ceremony(), "ann");
    expect([result.canRecover, result.clients.map(({ isSafe }) => isSafe)]).toEqual([true, [true, true]]);
  });

  test("the freshness key alone can hold clients back; with the publisher's it can lie to them", async () => {
    const directory = await ceremony();
    expect((await drill(directory, "cron")).clients[0]).toMatchObject({ canFreeze: true, canPublish: false, canReplaceKeys: false, isSafe: false });
    expect((await drill(directory, "cron", "ann")).clients[0]).toMatchObject({ canFreeze: true, canPublish: true, canReplaceKeys: false });
  });

  test("two root keys of three are the end, also for those with the newest root", async () => {
    const result = await drill(await ceremony(), "ann", "ben");
    expect([result.canRecover, result.clients[0]!.canReplaceKeys, result.clients.length]).toEqual([false, true, 1]);
  });

  test("of a key that was taken away, only clients with old roots are at risk", async () => {
    const directory = await ceremony();
    await proposeRoot(await open(directory), { roles: { freshness: of(1, "dora") }, days: 365 }, NOW);
    for (const name of ["ann", "ben"] as const) await signProposal(await open(directory), keys[name].signer, NOW);
    expect((await drill(directory, "cron")).clients.map(({ root, isSafe }) => [root, isSafe])).toEqual([
      [1, false],
      [2, true],
      ["next", true],
    ]);
  });

  test("of a key that never had a role", async () => {
    await expect(drill(await ceremony(), "dora")).rejects.toMatchObject({ code: "keys.unknown-key" });
  });
});

test("a directory that is no keys/ has no root and no proposal", async () => {
  const directory = await scratchDirectory();
  expect(await readCheckout(directory, NOW)).toMatchObject({ roots: [] });
  await mkdir(join(directory, "root"));
  await writeFile(join(directory, "root", "1.json"), "{}\n");
  expect(await readCheckout(directory, NOW)).toMatchObject({ code: "trust.wrong-type" });
});
