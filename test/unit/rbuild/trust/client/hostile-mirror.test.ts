import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { followRoots, type TrustedRoot } from "../../../../../src/rbuild/trust/client/root-chain.ts";
import { openTrustStore, updateTrust } from "../../../../../src/rbuild/trust/index.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW, testKey } from "../../../../support/trust/test-keys.ts";
import { daysFromNow, TestRepository } from "../../../../support/trust/test-repository.ts";

const RUNS = fuzzRuns(150, 0.01);

/** What a mirror without keys can do to one file: keep it from the client, change it, put any other file in its place. */
const trick = fc.oneof(
  fc.record({ kind: fc.constant("drop" as const), file: fc.nat() }),
  fc.record({ kind: fc.constant("swap" as const), file: fc.nat(), with: fc.nat() }),
  fc.record({ kind: fc.constant("flip" as const), file: fc.nat(), at: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant("cut" as const), file: fc.nat(), at: fc.nat() }),
  fc.record({ kind: fc.constant("append" as const), file: fc.nat(), with: fc.nat() }),
  fc.record({ kind: fc.constant("point" as const), freshness: fc.integer({ min: 0, max: 9 }) }),
);
type Trick = typeof trick extends fc.Arbitrary<infer T> ? T : never;

test("whatever a mirror makes of all that was ever signed, a client never goes back and never believes what was not signed", { timeout: 900_000 }, async () => {
  const [ann, ben, cron, newCron] = [await testKey("ann"), await testKey("ben"), await testKey("cron"), await testKey("cronjob")];
  const roles = (freshness: typeof cron) => ({
    root: { keys: [ann, ben], threshold: 2 },
    publisher: { keys: [ann], threshold: 1 },
    freshness: { keys: [freshness], threshold: 1 },
  });
  const everything = new TestRepository();
  await everything.putRoot(1, roles(cron), [ann, ben]);
  await everything.putRoot(2, roles(newCron), [ann, ben]);
  const signed = new Map<number, string>();
  for (const [freshness, index, key] of [
    [1, 1, cron],
    [2, 2, cron],
    [3, 2, newCron],
    [4, 3, newCron],
  ] as const) {
    const root = { version: key === newCron ? 2 : 1 };
    const times = { asOf: daysFromNow(freshness - 6), expires: daysFromNow(freshness) };
    await everything.putState({
      index,
      freshness,
      publishers: [ann],
      freshnessKeys: [key],
      freshnessFields: { root, ...times },
      indexFields: { issued: daysFromNow(-6) },
    });
  }
  for (const [path, bytes] of everything.files) {
    const [, version] = /^index\/(\d+)\.[0-9a-f]+\.json$/.exec(path) ?? [];
    if (version) signed.set(Number(version), digestOf(bytes));
  }
  expect(signed.size).toBe(3);
  const paths = [...everything.files.keys()];
  const checkout: TrustedRoot[] = [];
  for await (const root of followRoots(undefined, everything, NOW)) if (root.kind === "trusted-root" && checkout.length === 0) checkout.push(root);

  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(trick, { maxLength: 4 }), { minLength: 1, maxLength: 4 }), async (rounds) => {
      await using store = await openTrustStore(await scratchDirectory(), checkout[0]!.digest);
      let newest = 0;
      let newestRoot = 1;
      for (const tricks of rounds) {
        const mirror = everything.clone();
        for (const each of tricks) play(mirror, paths, each);
        const verdict = await updateTrust({ checkout, repository: mirror, store, clock: { now: () => NOW } });
        if (verdict.kind === "refused") continue;
        expect(verdict.index.version).toBeGreaterThanOrEqual(newest);
        expect(verdict.root.root.version).toBeGreaterThanOrEqual(newestRoot);
        expect(verdict.freshness.index.sha256).toBe(signed.get(verdict.index.version));
        newest = verdict.index.version;
        newestRoot = verdict.root.root.version;
      }
    }),
    { numRuns: RUNS },
  );
});

function play(mirror: TestRepository, paths: readonly string[], each: Trick): void {
  if (each.kind === "point") {
    mirror.files.set(
      "current.json",
      Buffer.from(`{\n  "formatVersion": 1,\n  "freshness": {\n    "version": ${each.freshness}\n  },\n  "type": "current"\n}\n`),
    );
    return;
  }
  const path = paths[each.file % paths.length]!;
  const bytes = mirror.files.get(path);
  if (!bytes) return;
  const other = "with" in each ? (mirror.files.get(paths[each.with % paths.length]!) ?? bytes) : bytes;
  if (each.kind === "drop") mirror.files.delete(path);
  else if (each.kind === "swap") mirror.files.set(path, other);
  else if (each.kind === "append") mirror.files.set(path, Buffer.concat([bytes, other]));
  else if (each.kind === "cut") mirror.files.set(path, bytes.subarray(0, each.at % bytes.byteLength));
  else {
    const copy = Uint8Array.from(bytes);
    copy[each.at % copy.byteLength]! ^= 1 << each.bit;
    mirror.files.set(path, copy);
  }
}
