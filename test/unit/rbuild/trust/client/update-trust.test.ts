import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Digest, digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { followRoots, type TrustedRoot } from "../../../../../src/rbuild/trust/client/root-chain.ts";
import { repositoryPaths } from "../../../../../src/rbuild/trust/format/paths.ts";
import { openTrustStore, type RepositoryVerdict, updateTrust } from "../../../../../src/rbuild/trust/index.ts";
import { joinSignatures } from "../../../../../src/rbuild/trust/openpgp/signature.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { MADE, NOW, type TestKey, testKey } from "../../../../support/trust/test-keys.ts";
import { daysFromNow, rootValue, TestRepository } from "../../../../support/trust/test-repository.ts";
import { IMAGE } from "../../../../support/trust/test-verdicts.ts";

const DAY = 86_400_000;
let alice: TestKey;
let bob: TestKey;
let carol: TestKey;
let cron: TestKey;
let mallory: TestKey;
let honest: TestRepository;

const roles = () => ({
  root: { keys: [alice, bob, carol], threshold: 2 },
  publisher: { keys: [alice, bob], threshold: 1 },
  freshness: { keys: [cron], threshold: 1 },
});
const state = () => ({ publishers: [alice], freshnessKeys: [cron] });

beforeAll(async () => {
  [alice, bob, carol, cron, mallory] = (await Promise.all(["alice", "bob", "carol", "cron", "mallory"].map((name) => testKey(name)))) as [
    TestKey,
    TestKey,
    TestKey,
    TestKey,
    TestKey,
  ];
  honest = new TestRepository();
  await honest.putRoot(1, roles(), [alice, bob]);
  await honest.putState({ ...state(), index: 5 });
});

/** A developer: a checkout with root 1, and a memory of his own. */
async function developer(checkout = honest) {
  const directory = await scratchDirectory();
  const roots = await rootsOf(checkout, 1);
  return {
    directory,
    async update(repository: TestRepository, options: { readonly now?: Date; readonly roots?: readonly TrustedRoot[] } = {}): Promise<RepositoryVerdict> {
      await using store = await openTrustStore(directory, roots[0]!.digest);
      return await updateTrust({ checkout: options.roots ?? roots, repository, store, clock: { now: () => options.now ?? NOW } });
    },
    async memory(): Promise<string> {
      const [name = ""] = await readdir(join(directory, "trust")).catch(() => []);
      return readFile(join(directory, "trust", name, "state.json"), "utf8").catch(() => "nothing");
    },
  };
}

async function rootsOf(repository: TestRepository, most: number): Promise<TrustedRoot[]> {
  const roots: TrustedRoot[] = [];
  for await (const root of followRoots(undefined, repository, NOW)) if (root.kind === "trusted-root" && roots.length < most) roots.push(root);
  return roots;
}

const codeOf = (verdict: RepositoryVerdict) => (verdict.kind === "refused" ? verdict.code : verdict.kind);

/** What a client that has seen the honest state says to the attack; it must remember what it remembered. */
async function attacked(attack: (copy: TestRepository) => unknown, options: { readonly now?: Date; readonly isNew?: boolean } = {}): Promise<string> {
  const client = await developer();
  if (!options.isNew) expect(codeOf(await client.update(honest))).toBe("current");
  const before = await client.memory();
  const copy = honest.clone();
  await attack(copy);
  const verdict = await client.update(copy, options.now ? { now: options.now } : {});
  if (verdict.kind === "refused") expect(await client.memory()).toBe(before);
  return codeOf(verdict);
}

describe("an honest repository", () => {
  test("is current, for a client that never saw it and for one that did", async () => {
    const client = await developer();
    const first = await client.update(honest);
    expect(first.kind === "current" && first.index.version).toBe(5);
    expect(codeOf(await client.update(honest))).toBe("current");
  });

  test("goes on to newer versions", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6 }))).toBe("current");
    expect(await attacked((copy) => copy.putState({ ...state(), index: 5, freshness: 6, freshnessFields: { asOf: daysFromNow(-1) } }))).toBe("current");
  });

  test("is judged without it from what the client kept", async () => {
    const client = await developer();
    await client.update(honest);
    const kept = new TestRepository();
    kept.files.set("current.json", honest.files.get("current.json")!);
    const verdict = await client.update(kept);
    expect(codeOf(verdict)).toBe("trust.missing-file");
  });
});

describe("a key that the root has revoked", () => {
  const revoked = (key: TestKey) => ({ revoked: [{ fingerprint: key.fingerprint, reason: "compromised", since: daysFromNow(-1) }] });
  const without = () => ({ ...roles(), publisher: { keys: [bob], threshold: 1 } });
  const message = (verdict: RepositoryVerdict) => (verdict.kind === "refused" ? verdict.message : "");

  async function askedBy(signer: TestKey, repository: TestRepository): Promise<RepositoryVerdict> {
    await repository.putState({ publishers: [signer], freshnessKeys: [cron], index: 6 });
    return (await developer()).update(repository);
  }

  test("is named, whether a root before had it or not", async () => {
    const repository = honest.clone();
    await repository.putRoot(2, { ...roles(), publisher: { keys: [alice, bob, mallory], threshold: 1 } }, [alice, bob]);
    await repository.putRoot(3, without(), [alice, bob], revoked(mallory));
    for (const each of [repository, await onlyRevokedByFingerprint()]) {
      const verdict = await askedBy(mallory, each);
      expect(codeOf(verdict)).toBe("trust.revoked-key");
      expect(message(verdict)).toContain(mallory.fingerprint);
    }
  });

  async function onlyRevokedByFingerprint(): Promise<TestRepository> {
    const repository = honest.clone();
    await repository.putRoot(2, without(), [alice, bob], revoked(mallory));
    return repository;
  }

  test("is known by its subkeys too", async () => {
    const dan = await testKey("dan", { signingSubkeys: 1 });
    const repository = honest.clone();
    await repository.putRoot(2, { ...roles(), publisher: { keys: [dan], threshold: 1 } }, [alice, bob]);
    await repository.putRoot(3, without(), [alice, bob], revoked(dan));
    const verdict = await askedBy(dan, repository);
    expect([codeOf(verdict), message(verdict)]).toEqual(["trust.revoked-key", expect.stringContaining(dan.fingerprint)]);
  });

  test("signs in vain beside one that counts, and another's bytes do not become its own", async () => {
    const repository = honest.clone();
    await repository.putRoot(2, { ...roles(), publisher: { keys: [bob, mallory], threshold: 1 } }, [alice, bob]);
    await repository.putRoot(3, without(), [alice, bob], revoked(mallory));
    await repository.putState({ publishers: [bob, mallory], freshnessKeys: [cron], index: 6 });
    expect(codeOf(await (await developer()).update(repository))).toBe("current");
    const path = [...repository.files.keys()].find((name) => /^index\/6\.[0-9a-f]{64}\.json$/.test(name))!;
    const forged = joinSignatures([await mallory.sign(Buffer.from("something else"))]);
    repository.files.set(repositoryPaths.signature(path), Buffer.from(forged));
    expect(codeOf(await (await developer()).update(repository))).toBe("trust.bad-signature");
  });
});

describe("what wants to be believed for too long", () => {
  test("freshness, index and root have a longest life each", async () => {
    const life = (days: number) => ({ asOf: daysFromNow(0), expires: daysFromNow(days) });
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, freshnessFields: life(90) }))).toBe("current");
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, freshnessFields: life(91) }))).toBe("trust.too-long-lived");
    const longIndex = (days: number) => ({ ...state(), index: 6, indexFields: { expires: daysFromNow(days) } });
    expect(await attacked((copy) => copy.putState(longIndex(731)))).toBe("current");
    expect(await attacked((copy) => copy.putState(longIndex(732)))).toBe("trust.too-long-lived");
    const root = (days: number) => (copy: TestRepository) => copy.putRoot(2, roles(), [alice, bob], { issued: daysFromNow(0), expires: daysFromNow(days) });
    expect(await attacked(root(1827))).toBe("current");
    expect(await attacked(root(1828))).toBe("trust.too-long-lived");
  });
});

describe("attacks with signatures", () => {
  const freshness = repositoryPaths.freshness(5);
  const signature = repositoryPaths.signature(freshness);

  test("unsigned", async () => {
    expect(await attacked((copy) => copy.files.delete(signature))).toBe("trust.unsigned");
    expect(await attacked((copy) => copy.files.set(signature, new Uint8Array()))).toBe("trust.unsigned");
  });

  test("signed to unsigned downgrade: a newer state without signature", async () => {
    expect(
      await attacked(async (copy) => {
        await copy.putState({ index: 6, publishers: [alice], freshnessKeys: [] });
      }),
    ).toBe("trust.unsigned");
  });

  test("wrong key", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, freshnessKeys: [mallory] }))).toBe("trust.unknown-key");
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, publishers: [mallory] }))).toBe("trust.unknown-key");
  });

  test("the key of one role used for another", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, publishers: [cron] }))).toBe("trust.unknown-key");
  });

  test("signature over another file", async () => {
    expect(await attacked((copy) => copy.files.set(signature, copy.files.get(repositoryPaths.signature(repositoryPaths.root(1)))!))).not.toBe("current");
    const other = new TestRepository();
    await other.put("x", Buffer.from("other bytes"), [cron]);
    expect(await attacked((copy) => copy.files.set(signature, other.files.get("x.asc")!))).toBe("trust.bad-signature");
  });

  test("a signed file of another type in the place of one", async () => {
    expect(await attacked((copy) => copy.files.set(freshness, copy.files.get(repositoryPaths.root(1))!))).toBe("trust.wrong-type");
  });

  test("oversize signature and endless metadata", async () => {
    expect(await attacked((copy) => copy.files.set(signature, Buffer.alloc(10_000_000, "A")))).toBe("trust.too-large");
    expect(await attacked((copy) => copy.files.set(freshness, Buffer.alloc(10_000_000, " ")))).toBe("trust.too-large");
    expect(await attacked((copy) => copy.files.set(repositoryPaths.current, Buffer.alloc(10_000_000, " ")))).toBe("trust.too-large");
    expect(await attacked((copy) => copy.files.set(repositoryPaths.root(2), Buffer.alloc(10_000_000, " ")))).toBe("trust.too-large");
  });
});

describe("attacks with time and versions", () => {
  test("rollback of the freshness, with everything it names", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 4 }))).toBe("trust.rollback");
  });

  test("rollback of the index under a newer freshness", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 4, freshness: 6 }))).toBe("trust.rollback");
  });

  test("rollback below the root's floor, for a client that never saw anything", async () => {
    const old = new TestRepository();
    await old.putRoot(1, roles(), [alice, bob], { floors: { index: 3, freshness: 3 } });
    await old.putState({ ...state(), index: 2, freshness: 4 });
    const client = await developer(old);
    expect(codeOf(await client.update(old))).toBe("trust.rollback");
  });

  test("equivocation: the same version with other bytes", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 5, indexFields: { expires: daysFromNow(181) }, freshness: 6 }))).toBe(
      "trust.equivocation",
    );
    expect(await attacked((copy) => copy.putState({ ...state(), index: 5, freshnessFields: { expires: daysFromNow(8) } }))).toBe("trust.equivocation");
  });

  test("fast-forward", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, freshness: 2_000_000_000 }))).toBe("trust.fast-forward");
    expect(await attacked((copy) => copy.putState({ ...state(), index: 2_000_000_000, freshness: 6 }))).toBe("trust.fast-forward");
  });

  test("freeze: signed and once current, but expired; stale, not bad", async () => {
    const client = await developer();
    await client.update(honest);
    const verdict = await client.update(honest, { now: new Date(daysFromNow(8)) });
    expect(verdict.kind === "stale" && [verdict.reason.code, verdict.index.version]).toEqual(["trust.freeze", 5]);
  });

  test("freeze of the index under a freshness that is renewed", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, indexFields: { issued: daysFromNow(-9), expires: daysFromNow(-1) } }))).toBe("stale");
  });

  test("mix-and-match: the index of another state under its name", async () => {
    const index = [...honest.files.keys()].find((path) => /^index\/5\..*json$/.test(path))!;
    const other = new TestRepository();
    await other.putState({ ...state(), index: 5, indexFields: { expires: daysFromNow(170) } });
    const foreign = [...other.files].find(([path]) => /^index\/5\..*json$/.test(path))![1];
    expect(await attacked((copy) => copy.files.set(index, foreign), { isNew: true })).toBe("trust.mix-and-match");
  });

  test("mix-and-match: one freshness under the number of another", async () => {
    expect(
      await attacked((copy) => {
        for (const path of [repositoryPaths.freshness(5), repositoryPaths.signature(repositoryPaths.freshness(5))])
          copy.files.set(path.replace("5", "6"), copy.files.get(path)!);
        copy.files.set("current.json", Buffer.from(Buffer.from(copy.files.get("current.json")!).toString().replace('"version": 5', '"version": 6')));
      }),
    ).toBe("trust.mix-and-match");
  });

  test("metadata of another repository that the same keys sign", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, freshnessFields: { repository: "other-images" } }))).toBe("trust.wrong-repository");
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, indexFields: { repository: "other-images" } }))).toBe("trust.wrong-repository");
  });

  test("clock in 1970, a day behind, a day ahead, decades ahead", async () => {
    expect(await attacked(() => {}, { now: new Date("1970-01-01T00:01:00Z") })).toBe("trust.clock-behind");
    expect(await attacked(() => {}, { now: new Date("1970-01-01T00:01:00Z"), isNew: true })).toBe("trust.clock-behind");
    expect(await attacked(() => {}, { now: new Date(daysFromNow(-1)) })).toBe("trust.clock-behind");
    expect(await attacked(() => {}, { now: new Date(daysFromNow(-1)), isNew: true })).toBe("trust.future-signature");
    expect(await attacked(() => {}, { now: new Date(daysFromNow(1)) })).toBe("current");
    expect(await attacked(() => {}, { now: new Date("2060-01-01T00:00:00Z") })).toBe("trust.clock-ahead");
  });

  test("captive portal: a web page in the place of everything", async () => {
    const page = Buffer.from("<!DOCTYPE html><title>Welcome</title>\n");
    for (const path of honest.files.keys()) {
      const copy = honest.clone();
      copy.files.set(path, page);
      const verdict = await (await developer()).update(copy);
      if (path.startsWith("root/1."))
        expect(codeOf(verdict)).toBe("current"); // the checkout has it
      else
        expect(codeOf(verdict)).toBe(
          path.endsWith(".asc") ? "trust.malformed-signature" : path.startsWith("index/") ? "trust.mix-and-match" : "trust.malformed-metadata",
        );
    }
    const copy = honest.clone();
    for (const path of ["root/2.json", "root/2.json.asc"]) copy.files.set(path, page);
    const verdict = await (await developer()).update(copy);
    expect(verdict).toMatchObject({ code: "trust.malformed-metadata", message: expect.stringContaining("captive portal") });
  });

  test("files that are not there", async () => {
    for (const path of ["current.json", repositoryPaths.freshness(5)]) expect(await attacked((copy) => copy.files.delete(path))).toBe("trust.missing-file");
    const index = [...honest.files.keys()].find((path) => /^index\/5\..*json$/.test(path))!;
    expect(await attacked((copy) => copy.files.delete(index), { isNew: true })).toBe("trust.missing-file");
  });
});

describe("roots", () => {
  test("a chain of three is followed, each signed by the one before", async () => {
    const dave = await testKey("dave");
    const copy = honest.clone();
    await copy.putRoot(2, { ...roles(), root: { keys: [bob, carol, dave], threshold: 2 } }, [bob, carol]);
    await copy.putRoot(3, { ...roles(), root: { keys: [carol, dave], threshold: 2 } }, [carol, dave]);
    const client = await developer();
    await client.update(honest);
    const verdict = await client.update(copy);
    expect(verdict.kind === "current" && verdict.root.root.version).toBe(3);
    // what was followed once is remembered, also when a mirror then hides it
    const hidden = await client.update(honest);
    expect(hidden.kind === "current" && hidden.root.root.version).toBe(3);
    // and a checkout that has caught up agrees
    expect(codeOf(await client.update(copy, { roots: await rootsOf(copy, 3) }))).toBe("current");
  });

  test("an older checkout after a newer one goes on from what the newer one had", async () => {
    const copy = honest.clone();
    await copy.putRoot(2, roles(), [alice, bob]);
    await copy.putState({ ...state(), index: 6 });
    const client = await developer();
    expect(codeOf(await client.update(copy, { roots: await rootsOf(copy, 2) }))).toBe("current");
    expect(codeOf(await client.update(copy))).toBe("current");
    expect(codeOf(await client.update(honest))).toBe("trust.rollback");
  });

  test("a root that only its own keys signed is refused", async () => {
    const own = { root: { keys: [mallory], threshold: 1 }, publisher: { keys: [mallory], threshold: 1 }, freshness: { keys: [mallory], threshold: 1 } };
    expect(await attacked((copy) => copy.putRoot(2, own, [mallory]))).toBe("trust.unknown-key");
  });

  test("a root that only the old keys signed is refused", async () => {
    expect(await attacked((copy) => copy.putRoot(2, { ...roles(), root: { keys: [mallory], threshold: 1 } }, [alice, bob]))).toBe("trust.unknown-key");
  });

  test("too few signatures, and the same signer twice", async () => {
    expect(await attacked((copy) => copy.putRoot(2, roles(), [alice]))).toBe("trust.threshold");
    expect(await attacked((copy) => copy.putRoot(2, roles(), [alice, alice]))).toBe("trust.threshold");
    expect(await attacked((copy) => copy.putRoot(2, roles(), [alice, mallory]))).toBe("trust.threshold");
  });

  test("a gap in the chain, an old root in a new place, another ancestor, another repository", async () => {
    expect(await attacked((copy) => copy.put(repositoryPaths.root(2), rootValue(3, roles(), honest.files.get("root/1.json")), [alice, bob]))).toBe(
      "trust.root-gap",
    );
    expect(await attacked((copy) => copy.put(repositoryPaths.root(2), honest.files.get("root/1.json")!, [alice, bob]))).toBe("trust.rollback");
    expect(await attacked((copy) => copy.put(repositoryPaths.root(2), rootValue(2, roles(), Buffer.from("another")), [alice, bob]))).toBe(
      "trust.mix-and-match",
    );
    expect(await attacked((copy) => copy.putRoot(2, roles(), [alice, bob], { repository: "other-images" }))).toBe("trust.wrong-repository");
  });

  test("an expired root ends everything", async () => {
    expect(await attacked(() => {}, { now: new Date(daysFromNow(301)) })).toBe("trust.expired-root");
  });

  test("a mirror that holds the newest root back is found out by the freshness", async () => {
    expect(await attacked((copy) => copy.putState({ ...state(), index: 6, freshnessFields: { root: { version: 2 } } }))).toBe("trust.withheld-root");
  });

  test("recovery from a fast-forward: once the key that signed it is gone, its numbers are forgotten", async () => {
    const client = await developer();
    const far = honest.clone();
    await far.putState({ ...state(), index: 6, freshness: 900_000 });
    expect(codeOf(await client.update(far))).toBe("current");
    const mended = honest.clone();
    await mended.putRoot(2, { ...roles(), freshness: { keys: [carol], threshold: 1 } }, [alice, bob]);
    await mended.putState({ ...state(), index: 6, freshness: 7, freshnessKeys: [carol] });
    expect(codeOf(await client.update(mended))).toBe("current");
    // of the index, whose keys stayed, everything is still known
    await mended.putState({ ...state(), index: 5, freshness: 8, freshnessKeys: [carol] });
    expect(codeOf(await client.update(mended))).toBe("trust.rollback");
  });

  test("a checkout whose root is another than the one seen before", async () => {
    const client = await developer();
    await client.update(honest);
    const other = new TestRepository();
    await other.putRoot(1, roles(), [alice, bob], { expires: daysFromNow(299) });
    expect(codeOf(await client.update(honest, { roots: await rootsOf(other, 1) }))).toBe("trust.equivocation");
  });

  test("no root, no trust", async () => {
    const client = await developer();
    expect(codeOf(await client.update(honest, { roots: [] }))).toBe("trust.no-root");
  });

  test("an endless chain of roots is not followed for ever", { timeout: 120_000 }, async () => {
    const copy = honest.clone();
    for (let version = 2; version < 260; version++)
      await copy.putRoot(
        version,
        { root: { keys: [alice], threshold: 1 }, publisher: { keys: [alice], threshold: 1 }, freshness: { keys: [alice], threshold: 1 } },
        version === 2 ? [alice, bob] : [alice],
      );
    const client = await developer();
    expect(codeOf(await client.update(copy))).toBe("trust.endless-data");
  });
});

describe("keys over time", () => {
  test("a freshness by a key that was not made yet is refused", async () => {
    const young = await testKey("young", { date: new Date(NOW.getTime() + 4 * DAY) });
    const repository = new TestRepository();
    await repository.putRoot(1, { ...roles(), freshness: { keys: [young], threshold: 1 } }, [alice, bob]);
    await repository.putState({ ...state(), freshnessKeys: [young], made: young.privateKey.getCreationTime() });
    expect(codeOf(await (await developer(repository)).update(repository))).toBe("trust.future-signature");
  });

  const later = new Date(NOW.getTime() + 2 * DAY);
  const tomorrow = 325; // days after MADE

  test.each(["publisher", "freshness"] as const)(
    "what was signed as %s while the key was valid is authentic after its end, but nobody vouches that it is the newest, and nothing of it is remembered",
    async (role) => {
      const short = await testKey("short", { date: MADE, days: tomorrow });
      const named = (armored: string) => ({ ...roles(), [role]: { keys: [{ fingerprint: short.fingerprint, armored }], threshold: 1 } });
      const signers = { publishers: role === "publisher" ? [short] : [alice], freshnessKeys: role === "freshness" ? [short] : [cron], made: NOW };
      const repository = new TestRepository();
      await repository.putRoot(1, named(short.armored), [alice, bob]);
      await repository.putState({ ...signers, index: 5 });
      const client = await developer(repository);
      expect(codeOf(await client.update(repository))).toBe("current");
      const before = await client.memory();
      const old = repository.clone();
      // Whoever finds the key afterwards can date its signatures back.
      await repository.putState({ ...signers, index: 6 });
      for (const found of [old, repository])
        expect(await client.update(found, { now: later })).toMatchObject({ kind: "stale", reason: { code: "trust.expired-key", hint: expect.any(String) } });
      expect(await client.memory()).toBe(before);
      const fresh = await developer(repository);
      expect(codeOf(await fresh.update(repository, { now: later }))).toBe("stale");
      expect(await fresh.memory()).toBe("nothing");
      // What it has seen is not undone by it.
      expect(codeOf(await client.update(repository))).toBe("current");
      expect(codeOf(await client.update(old, { now: later }))).toBe("trust.rollback");

      // The owner has made the key longer, and a root has that form of it: what it signed counts again.
      const { reformatKey } = await import("openpgp");
      const userIDs = [{ name: "short", email: "short@example.org" }];
      const { publicKey } = await reformatKey({ privateKey: short.privateKey, userIDs, date: NOW, keyExpirationTime: 900 * 86_400, format: "armored" });
      await repository.putRoot(2, named(publicKey), [alice, bob]);
      expect(codeOf(await client.update(repository, { now: later }))).toBe("current");
    },
  );

  test("what a key signed after its end, or by too few of those that were valid then, is refused", async () => {
    const short = await testKey("short", { date: MADE, days: tomorrow });
    const repository = new TestRepository();
    await repository.putRoot(1, { ...roles(), publisher: { keys: [alice, short], threshold: 2 } }, [alice, bob]);
    await repository.putState({ publishers: [short], freshnessKeys: [cron], made: NOW });
    expect(codeOf(await (await developer(repository)).update(repository, { now: later }))).toBe("trust.expired-key");
    await repository.putState({ publishers: [alice, short], freshnessKeys: [cron], made: NOW });
    expect(await (await developer(repository)).update(repository, { now: later })).toMatchObject({ kind: "stale", reason: { code: "trust.threshold" } });
    const { reformatKey } = await import("openpgp");
    const userIDs = [{ name: "short", email: "short@example.org" }];
    const { privateKey } = await reformatKey({ privateKey: short.privateKey, userIDs, date: NOW, format: "armored" });
    const path = repositoryPaths.freshness(1);
    await repository.putRoot(1, { ...roles(), freshness: { keys: [short], threshold: 1 } }, [alice, bob]);
    await repository.putState({ publishers: [alice], freshnessKeys: [], made: NOW });
    const packet = await short.sign(repository.files.get(path)!, { date: new Date(later.getTime() - 1000), key: privateKey });
    repository.files.set(repositoryPaths.signature(path), Buffer.from(joinSignatures([packet])));
    expect(codeOf(await (await developer(repository)).update(repository, { now: later }))).toBe("trust.expired-key");
  });
});

test("verdicts are kept as long as the index names their image and the root their rebuilder", async () => {
  const file = (path: string, sha256: string) => ({ path: path.replace("@", digestHex(sha256 as Digest)), sha256, size: 100 });
  const content = (images: readonly (typeof IMAGE)[]) => ({
    images: images.map((image) => ({ ...image, channels: [], released: daysFromNow(0), config: IMAGE.manifest, layers: [IMAGE.manifest] })),
    blobs: [...new Set([IMAGE.manifest, ...images.map(({ manifest }) => manifest)])]
      .sort()
      .map((digest) => ({ digest, size: 100, plain: file("blobs/sha256/@", digest), encodings: [] })),
    locks: [file("locks/sha256/@.json", IMAGE.lock)],
  });
  const other = { ...IMAGE, version: "13", manifest: digestOf("another manifest") };
  const repository = new TestRepository();
  const rebuilder = { keys: [bob, carol], threshold: 0 };
  const named = { ...roles(), publisher: { keys: [alice], threshold: 1 } };
  await repository.putRoot(1, { ...named, rebuilder }, [alice, bob]);
  await repository.putState({ ...state(), index: 1, indexFields: content([IMAGE, other]) });
  const client = await developer(repository);
  expect(codeOf(await client.update(repository))).toBe("current");
  const roots = await rootsOf(repository, 1);
  const places = [IMAGE, other].flatMap(({ manifest }) => [bob, carol].map(({ fingerprint }) => repositoryPaths.verdict(manifest, fingerprint, 1)));
  const kept = async () => {
    await using store = await openTrustStore(client.directory, roots[0]!.digest);
    const found = await Promise.all(places.map((path) => store.kept.read(path, 100)));
    return found.map(({ kind }) => kind === "bytes");
  };
  {
    await using store = await openTrustStore(client.directory, roots[0]!.digest);
    for (const path of [...places, `verdicts/${"0".repeat(64)}.json`]) {
      await store.keep(path, Buffer.from("a verdict"));
      await store.keep(repositoryPaths.signature(path), Buffer.from("its signature"));
    }
  }
  expect([codeOf(await client.update(repository)), await kept()]).toEqual(["current", [true, true, true, true]]);
  await repository.putState({ ...state(), index: 2, indexFields: content([other]) });
  expect([codeOf(await client.update(repository)), await kept()]).toEqual(["current", [false, false, true, true]]);
  await repository.putRoot(2, { ...named, rebuilder: { keys: [carol], threshold: 0 } }, [alice, bob]);
  await repository.putState({ ...state(), index: 3, indexFields: content([other]), freshnessFields: { root: { version: 2 } } });
  expect([codeOf(await client.update(repository)), await kept()]).toEqual(["current", [false, false, false, true]]);
  const [name = ""] = await readdir(join(client.directory, "trust"));
  expect(await readdir(join(client.directory, "trust", name, "verdicts"))).toHaveLength(2);
});

describe("a damaged memory", () => {
  test("of files alone is mended from the repository", async () => {
    const client = await developer();
    await client.update(honest);
    const [name] = await readdir(join(client.directory, "trust"));
    const index = (await readdir(join(client.directory, "trust", name!, "index"))).find((file) => file.endsWith(".json"))!;
    for (const file of [index, `${index}.asc`]) await writeFile(join(client.directory, "trust", name!, "index", file), "damaged");
    expect(codeOf(await client.update(honest))).toBe("current");
  });

  test("is never taken for a first use", async () => {
    const client = await developer();
    await client.update(honest);
    const [name] = await readdir(join(client.directory, "trust"));
    const path = join(client.directory, "trust", name!, "state.json");
    const text = await readFile(path, "utf8");
    for (const damaged of ["", text.slice(0, -10), text.replace('"formatVersion": 1', '"formatVersion": 2'), "\0".repeat(text.length)]) {
      await writeFile(path, damaged);
      expect(codeOf(await client.update(honest))).toBe("trust.state-damaged");
    }
  });
});
