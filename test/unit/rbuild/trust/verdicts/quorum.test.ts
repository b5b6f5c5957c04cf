import { reformatKey } from "openpgp";
import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import type { TrustedRoot } from "../../../../../src/rbuild/trust/client/root-chain.ts";
import { repositoryPaths } from "../../../../../src/rbuild/trust/format/paths.ts";
import type { MetadataSource } from "../../../../../src/rbuild/trust/index.ts";
import { joinSignatures } from "../../../../../src/rbuild/trust/openpgp/signature.ts";
import { gatherVerdicts } from "../../../../../src/rbuild/trust/verdicts/gather-verdicts.ts";
import { countWords, demandedBy, judgeQuorum, type Quorum } from "../../../../../src/rbuild/trust/verdicts/quorum.ts";
import { rebuildersOf } from "../../../../../src/rbuild/trust/verdicts/rebuilders.ts";
import { writeVerdict } from "../../../../../src/rbuild/trust/verdicts/statement.ts";
import { RbuildError } from "../../../../../src/system/index.ts";
import { MADE, NOW, type TestKey, testKey } from "../../../../support/trust/test-keys.ts";
import { daysFromNow, TestRepository } from "../../../../support/trust/test-repository.ts";
import { IMAGE, putVerdict, rootOf, verdictBy } from "../../../../support/trust/test-verdicts.ts";

let publisher: TestKey;
let rebuilders: [TestKey, TestKey, TestKey];
let mallory: TestKey;
let root: TrustedRoot;

beforeAll(async () => {
  const made = (await Promise.all(["publisher", "rita", "rolf", "rosa", "mallory"].map((name) => testKey(name)))) as [
    TestKey,
    TestKey,
    TestKey,
    TestKey,
    TestKey,
  ];
  publisher = made[0];
  rebuilders = [made[1], made[2], made[3]].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)) as typeof rebuilders;
  mallory = made[4];
  root = await rootOf({ publisher, rebuilders, threshold: 2 });
});

async function judge(
  repository: MetadataSource | readonly MetadataSource[],
  by = root,
  raised?: Quorum,
  store?: Parameters<typeof gatherVerdicts>[0]["store"],
) {
  const demanded = demandedBy(by, raised === undefined ? [] : [raised]);
  const sources = "read" in repository ? [repository] : repository;
  const words = await gatherVerdicts({ image: IMAGE, root: by, sources, demanded, now: NOW, ...(store ? { store } : {}) });
  const count = countWords(words, demanded);
  return { words, count, refused: judgeQuorum(IMAGE, words, count) };
}
/** The first says `identical` as he should; of the second this is found. */
async function withSecond(change: (repository: TestRepository) => Promise<unknown>) {
  const repository = new TestRepository();
  await putVerdict(repository, verdictBy(rebuilders[0]), [rebuilders[0]]);
  await change(repository);
  return repository;
}
const reasonsOf = ({ words }: Awaited<ReturnType<typeof judge>>) => words.flatMap(({ refused }) => refused.map(({ code }) => code));

test("K of N: enough rebuilders say identical", async () => {
  const repository = await withSecond((files) => putVerdict(files, verdictBy(rebuilders[1]), [rebuilders[1]]));
  const judged = await judge(repository);
  expect(judged.refused).toBeUndefined();
  expect(judged.count).toEqual({ demanded: 2, of: 3, identical: [rebuilders[0].fingerprint, rebuilders[1].fingerprint], different: [] });
  expect((await judge(repository, root, 3)).refused).toMatchObject({ code: "trust.quorum" });
  expect((await judge(repository, root, "all")).refused).toMatchObject({ code: "trust.quorum", details: { demanded: 3 } });
});

test("what a root wants can be raised and never lowered", async () => {
  const advisory = await rootOf({ publisher, rebuilders, threshold: 0 });
  const none = await rootOf({ publisher, rebuilders: [] });
  expect([demandedBy(root, []), demandedBy(root, [1]), demandedBy(root, [3]), demandedBy(root, ["all"])]).toEqual([2, 2, 3, 3]);
  expect([demandedBy(advisory, []), demandedBy(advisory, [1]), demandedBy(advisory, ["all"])]).toEqual([0, 1, 3]);
  expect([demandedBy(none, []), demandedBy(none, [2]), demandedBy(none, ["all"])]).toEqual([0, 2, 1]);
  expect((await judge(new TestRepository(), none, "all")).refused).toMatchObject({ code: "trust.quorum" });
  expect((await judge(new TestRepository(), advisory)).refused).toBeUndefined();
});

test("withheld verdicts: a mirror without them is refused, another mirror is asked", async () => {
  const whole = await withSecond((files) => putVerdict(files, verdictBy(rebuilders[1]), [rebuilders[1]]));
  expect((await judge(new TestRepository())).refused).toMatchObject({ code: "trust.quorum", details: { identical: [], of: 3, demanded: 2 } });
  expect((await judge([new TestRepository(), whole])).refused).toBeUndefined();
  const dead: MetadataSource = {
    name: "dead",
    read: () => Promise.reject(new RbuildError("repository.unreachable", "no answer", { category: "unavailable" })),
  };
  expect((await judge([dead, whole])).refused).toBeUndefined();
  expect(reasonsOf(await judge(dead))).toContain("repository.unreachable");
});

describe("a verdict does not count", () => {
  test("by an unknown key", async () => {
    const judged = await judge(await withSecond((files) => putVerdict(files, verdictBy(rebuilders[1]), [mallory])));
    expect(judged.refused).toMatchObject({ code: "trust.quorum" });
    expect(reasonsOf(judged)).toEqual(["trust.unknown-key"]);
  });

  test("by another rebuilder in his place, so that one is counted twice", async () => {
    const signed = await judge(await withSecond((files) => putVerdict(files, verdictBy(rebuilders[1]), [rebuilders[0]])));
    expect(reasonsOf(signed)).toEqual(["trust.unknown-key"]);
    const path = repositoryPaths.verdict(IMAGE.manifest, rebuilders[1].fingerprint, 1);
    const moved = await judge(await withSecond((files) => putVerdict(files, verdictBy(rebuilders[0]), [rebuilders[0]], path)));
    expect(reasonsOf(moved)).toEqual(["trust.mix-and-match"]);
    expect(moved.count.identical).toEqual([rebuilders[0].fingerprint]);
  });

  test("unsigned, or signed and then changed", async () => {
    expect(reasonsOf(await judge(await withSecond((files) => putVerdict(files, verdictBy(rebuilders[1]), []))))).toEqual(["trust.unsigned"]);
    const changed = await withSecond(async (files) => {
      const path = await putVerdict(files, verdictBy(rebuilders[1], IMAGE, { verdict: "different" }), [rebuilders[1]]);
      files.files.set(path, writeVerdict(verdictBy(rebuilders[1])));
    });
    expect(reasonsOf(await judge(changed))).toEqual(["trust.bad-signature"]);
  });

  test("over another image", async () => {
    const others = { version: "12.15-2", name: "base", architecture: "arm64" as const, lock: digestOf("other lock"), compatibilityVersion: 2 };
    for (const [field, value] of Object.entries(others)) {
      const about = verdictBy(rebuilders[1], { ...IMAGE, [field]: value });
      const judged = await judge(await withSecond((files) => putVerdict(files, about, [rebuilders[1]])));
      expect([field, reasonsOf(judged)]).toEqual([field, ["trust.verdict-wrong-image"]]);
    }
  });

  test("replayed: an old verdict for another version, in the place of this one", async () => {
    const old = verdictBy(rebuilders[1], { ...IMAGE, version: "12.15-2", manifest: digestOf("older"), lock: digestOf("older lock") });
    const path = repositoryPaths.verdict(IMAGE.manifest, rebuilders[1].fingerprint, 1);
    expect(reasonsOf(await judge(await withSecond((files) => putVerdict(files, old, [rebuilders[1]], path))))).toEqual(["trust.verdict-wrong-image"]);
  });

  test("from the future, oversize, or no verdict at all", async () => {
    const early = verdictBy(rebuilders[1], IMAGE, { issued: daysFromNow(1) });
    expect(reasonsOf(await judge(await withSecond((files) => putVerdict(files, early, [rebuilders[1]]))))).toEqual(["trust.future-signature"]);
    const path = repositoryPaths.verdict(IMAGE.manifest, rebuilders[1].fingerprint, 1);
    const large = await withSecond(async (files) => void files.files.set(path, Buffer.alloc(8193, " ")));
    expect(reasonsOf(await judge(large))).toEqual(["trust.too-large"]);
    for (const text of ["<html>", "{}\n", '{\n  "__proto__": 1\n}\n']) {
      const odd = await withSecond(async (files) => void files.files.set(path, Buffer.from(text)));
      expect(reasonsOf(await judge(odd))).toEqual(["trust.malformed-metadata"]);
    }
  });

  test("that contradicts itself", async () => {
    const odd = verdictBy(rebuilders[1], IMAGE, { found: digestOf("another") });
    expect(reasonsOf(await judge(await withSecond((files) => putVerdict(files, odd, [rebuilders[1]]))))).toEqual(["trust.malformed-metadata"]);
  });

  test("by an expired key", async () => {
    const brief = await testKey("brief", { date: MADE, days: 300 });
    const named = await rootOf({ publisher, rebuilders: [brief] });
    const repository = new TestRepository();
    await repository.put(
      repositoryPaths.verdict(IMAGE.manifest, brief.fingerprint, 1),
      writeVerdict(verdictBy(brief)),
      [brief],
      new Date("2026-06-01T00:00:00Z"),
    );
    const judged = await judge(repository, named);
    expect(judged.refused).toMatchObject({ code: "trust.quorum" });
    expect(reasonsOf(judged)).toEqual(["trust.expired-key"]);
  });

  test("by a revoked key", async () => {
    const since = daysFromNow(-1);
    const fields = { revoked: [{ fingerprint: rebuilders[1].fingerprint, reason: "compromised", since }] };
    const without = await rootOf({ publisher, rebuilders: [rebuilders[0], rebuilders[2]], threshold: 2, fields });
    const repository = await withSecond((files) => putVerdict(files, verdictBy(rebuilders[1]), [rebuilders[1]]));
    expect((await judge(repository, without)).count).toMatchObject({ of: 2, identical: [rebuilders[0].fingerprint] });
  });

  test("by the publisher himself", async () => {
    const both = await rootOf({ publisher, rebuilders: [rebuilders[0], publisher], threshold: 2 });
    const repository = await withSecond((files) => putVerdict(files, verdictBy(publisher), [publisher]));
    expect(await judge(repository, both)).toMatchObject({ count: { of: 1 }, refused: { code: "trust.quorum" } });
  });

  test("by duplicate rebuilders toward K: one key in two certificates", async () => {
    const twin = await sameKeyAgain(rebuilders[0]);
    expect(twin.fingerprint).not.toBe(rebuilders[0].fingerprint);
    const named = await rootOf({ publisher, rebuilders: [rebuilders[0], twin], threshold: 2 });
    expect(rebuildersOf(named).map(({ dependence }) => dependence)).toEqual([undefined, "has a key of another rebuilder"]);
    const disguised = await rootOf({ publisher: twin, rebuilders: [rebuilders[0]] });
    expect(rebuildersOf(disguised).map(({ dependence }) => dependence)).toEqual(["publishes himself"]);
  });
});

test("two subkeys of one certificate are one rebuilder", async () => {
  const rich = await testKey("rich", { signingSubkeys: 2 });
  const named = await rootOf({ publisher, rebuilders: [rich, rebuilders[0]], threshold: 2 });
  const repository = new TestRepository();
  const path = await putVerdict(repository, verdictBy(rich), []);
  const bytes = writeVerdict(verdictBy(rich));
  repository.files.set(
    repositoryPaths.signature(path),
    Buffer.from(joinSignatures([await rich.sign(bytes, { subkey: 0 }), await rich.sign(bytes, { subkey: 1 })])),
  );
  expect((await judge(repository, named)).count.identical).toEqual([rich.fingerprint]);
});

test("different: the refusal has its name, and enough others outvote it", async () => {
  const repository = await withSecond((files) => putVerdict(files, verdictBy(rebuilders[1], IMAGE, { verdict: "different" }), [rebuilders[1]]));
  const judged = await judge(repository);
  expect(judged.refused).toMatchObject({ code: "trust.verdict-different", details: { different: [rebuilders[1].fingerprint] } });
  expect(judged.refused?.message).toContain(`ANOTHER image, ${digestOf("another")}`);
  await putVerdict(repository, verdictBy(rebuilders[2]), [rebuilders[2]]);
  expect(await judge(repository)).toMatchObject({ refused: undefined, count: { different: [rebuilders[1].fingerprint] } });
  expect((await judge(repository, root, "all")).refused).toMatchObject({ code: "trust.verdict-different" });
});

test("a later revision replaces the earlier; who has seen it cannot be shown the earlier again", async () => {
  const before = await withSecond((files) => putVerdict(files, verdictBy(rebuilders[1], IMAGE, { verdict: "different" }), [rebuilders[1]]));
  const after = before.clone();
  await putVerdict(after, verdictBy(rebuilders[1], IMAGE, { revision: 2 }), [rebuilders[1]]);
  expect((await judge(after)).refused).toBeUndefined();
  const memory = new TestRepository();
  const store = { kept: memory, keep: async (path: string, bytes: Uint8Array) => void memory.files.set(path, bytes) };
  expect((await judge(after, root, undefined, store)).refused).toBeUndefined();
  expect([...memory.files.keys()]).toContain(repositoryPaths.verdict(IMAGE.manifest, rebuilders[1].fingerprint, 2));
  expect((await judge(before, root, undefined, store)).refused).toBeUndefined();
  expect((await judge(before)).refused).toMatchObject({ code: "trust.verdict-different" });
});

test("flooding: a mirror is asked for known paths alone, and stops at the last revision", async () => {
  const asked: string[] = [];
  const flood = new TestRepository();
  for (let revision = 1; revision <= 8; revision++) await putVerdict(flood, verdictBy(rebuilders[0], IMAGE, { revision }), [rebuilders[0]]);
  const source: MetadataSource = {
    name: "flood",
    read(path, maxBytes) {
      asked.push(path);
      return flood.read(path, maxBytes);
    },
  };
  expect((await judge(source)).count.identical).toEqual([rebuilders[0].fingerprint]);
  expect(asked).toHaveLength(8 * 2 + 2);
});

/** Somebody's key in a second certificate: another time, so another fingerprint. */
async function sameKeyAgain(key: TestKey): Promise<TestKey> {
  const copy = key.privateKey;
  const packet = copy.keyPacket as unknown as { created: Date; computeFingerprintAndKeyID(): Promise<void> };
  const before = packet.created;
  packet.created = new Date(MADE.getTime() + 1000);
  await packet.computeFingerprintAndKeyID();
  const { publicKey } = await reformatKey({ privateKey: copy, userIDs: [{ name: "twin" }], date: new Date(MADE.getTime() + 2000), format: "object" });
  const twin = { ...key, fingerprint: publicKey.getFingerprint().toUpperCase() as TestKey["fingerprint"], armored: publicKey.armor() };
  packet.created = before;
  await packet.computeFingerprintAndKeyID();
  return twin;
}
