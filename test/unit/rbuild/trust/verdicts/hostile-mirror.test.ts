import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { repositoryPaths } from "../../../../../src/rbuild/trust/format/paths.ts";
import { MAX_BYTES } from "../../../../../src/rbuild/trust/limits.ts";
import { gatherVerdicts } from "../../../../../src/rbuild/trust/verdicts/gather-verdicts.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { NOW, type TestKey, testKey } from "../../../../support/trust/test-keys.ts";
import { TestRepository } from "../../../../support/trust/test-repository.ts";
import { IMAGE, putVerdict, rootOf, verdictBy } from "../../../../support/trust/test-verdicts.ts";

const RUNS = fuzzRuns(60, 0.05);
const OTHER = { ...IMAGE, version: "12.15-2", manifest: digestOf("older"), lock: digestOf("older lock") };

test("a mirror that has all verdicts that were ever signed cannot make anybody say what he did not say", async () => {
  const [publisher, rita, rolf, rosa, mallory] = (await Promise.all(["publisher", "rita", "rolf", "rosa", "mallory"].map((name) => testKey(name)))) as [
    TestKey,
    TestKey,
    TestKey,
    TestKey,
    TestKey,
  ];
  const root = await rootOf({ publisher, rebuilders: [rita, rolf, rosa], threshold: 2 });
  const signed = new TestRepository();
  // Rita is right about both; Rolf was mistaken and said so; Rosa has judged the other image alone.
  await putVerdict(signed, verdictBy(rita), [rita]);
  await putVerdict(signed, verdictBy(rolf, IMAGE, { verdict: "different" }), [rolf]);
  await putVerdict(signed, verdictBy(rolf, IMAGE, { revision: 2 }), [rolf]);
  for (const rebuilder of [rita, rolf, rosa]) await putVerdict(signed, verdictBy(rebuilder, OTHER), [rebuilder]);
  await putVerdict(signed, verdictBy(rosa), [mallory], "verdicts/forged.json");
  const files = [...signed.files.values()];
  const paths = [rita, rolf, rosa, mallory].flatMap(({ fingerprint }) =>
    [1, 2].map((revision) => repositoryPaths.verdict(IMAGE.manifest, fingerprint, revision)),
  );
  const places = paths.flatMap((path) => [path, repositoryPaths.signature(path)]);
  const file = fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 8, arbitrary: fc.constantFrom(...files) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 50 }) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(MAX_BYTES.verdict + 1)) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom(...files), fc.nat(), fc.nat({ max: 255 })).map(([bytes, at, value]) => {
        const copy = Uint8Array.from(bytes);
        copy[at % copy.byteLength] = value;
        return copy;
      }),
    },
  );
  const honest = fc.subarray([...signed.files].filter(([path]) => places.includes(path)));
  await fc.assert(
    fc.asyncProperty(honest, fc.array(fc.tuple(fc.constantFrom(...places), file), { maxLength: 12 }), async (kept, changes) => {
      const mirror = new TestRepository();
      for (const [path, bytes] of kept) mirror.files.set(path, bytes);
      for (const [path, bytes] of changes) {
        if (bytes) mirror.files.set(path, bytes);
        else mirror.files.delete(path);
      }
      const words = await gatherVerdicts({ image: IMAGE, root, sources: [mirror], demanded: 2, now: NOW });
      const said = new Map(words.map(({ rebuilder, verdict }) => [rebuilder, verdict && `${verdict.verdict} ${verdict.revision}`]));
      expect(said.size).toBe(3);
      expect([undefined, "identical 1"]).toContain(said.get(rita.fingerprint));
      expect([undefined, "different 1", "identical 2"]).toContain(said.get(rolf.fingerprint));
      expect(said.get(rosa.fingerprint)).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
});
