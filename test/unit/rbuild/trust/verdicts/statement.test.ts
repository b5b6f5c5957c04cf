import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { repositoryPaths, VERDICT_PATH } from "../../../../../src/rbuild/trust/format/paths.ts";
import type { Fingerprint } from "../../../../../src/rbuild/trust/index.ts";
import { joinSignatures } from "../../../../../src/rbuild/trust/openpgp/signature.ts";
import { judgeVerdict } from "../../../../../src/rbuild/trust/verdicts/judge-verdict.ts";
import { parseVerdict, writeVerdict } from "../../../../../src/rbuild/trust/verdicts/statement.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { NOW, type TestKey, testKey } from "../../../../support/trust/test-keys.ts";
import { IMAGE, rootOf, verdictBy } from "../../../../support/trust/test-verdicts.ts";

const RUNS = fuzzRuns(300, 0.05);
const FINGERPRINT = "0123456789ABCDEF0123456789ABCDEF01234567" as Fingerprint;
let publisher: TestKey;
let rebuilder: TestKey;
beforeAll(async () => {
  [publisher, rebuilder] = await Promise.all([testKey("publisher"), testKey("rita")]);
});

test("the bytes of a verdict are those of the format", () => {
  const verdict = verdictBy({ fingerprint: FINGERPRINT }, IMAGE, { issued: "2026-11-20T12:00:00Z" });
  expect(Buffer.from(writeVerdict(verdict)).toString()).toBe(`{
  "_type": "https://in-toto.io/Statement/v1",
  "predicate": {
    "architecture": "amd64",
    "compatibilityVersion": 1,
    "found": "${IMAGE.manifest}",
    "issued": "2026-11-20T12:00:00Z",
    "lock": "${IMAGE.lock}",
    "name": "builder",
    "rebuilder": "${FINGERPRINT}",
    "revision": 1,
    "tool": {
      "name": "rbuild",
      "version": "1.0.0"
    },
    "verdict": "identical",
    "version": "12.15-3"
  },
  "predicateType": "urn:x-rbuild:verdict:v1",
  "subject": [
    {
      "digest": {
        "sha256": "${digestHex(IMAGE.manifest)}"
      },
      "name": "builder"
    }
  ]
}
`);
  expect(parseVerdict(writeVerdict(verdict), "it")).toEqual({ kind: "verdict", ...verdict });
});

test("a verdict's path is computed from image, rebuilder and revision, and fits a bundle", () => {
  const path = repositoryPaths.verdict(IMAGE.manifest, FINGERPRINT, 3);
  expect(path).toBe(`verdicts/${digestHex(digestOf(`${digestHex(IMAGE.manifest)}/${FINGERPRINT}/3`))}.json`);
  expect(VERDICT_PATH.test(path) && VERDICT_PATH.test(repositoryPaths.signature(path))).toBe(true);
  for (const odd of [`x${path}`, `${path}.asc.asc`, "verdicts/../current.json", "verdicts/a.json", `${path}/x`]) expect(VERDICT_PATH.test(odd)).toBe(false);
});

test("a verdict with changed bytes never throws, and never counts", async () => {
  const root = await rootOf({ publisher, rebuilders: [rebuilder] });
  const bytes = writeVerdict(verdictBy(rebuilder));
  const signature = Buffer.from(joinSignatures([await rebuilder.sign(bytes)]));
  const place = { image: IMAGE, rebuilder: rebuilder.fingerprint, revision: 1 };
  const judge = (changed: Uint8Array, signed: Uint8Array) =>
    judgeVerdict({ kind: "signed-file", bytes: changed, signature: signed }, place, root, { now: NOW, what: "it" });
  expect(await judge(bytes, signature)).toMatchObject({ kind: "verdict", verdict: "identical" });
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(edits, fc.boolean(), async (changes, isSignature) => {
      const [changed, signed] = [Uint8Array.from(bytes), Uint8Array.from(signature)];
      const target = isSignature ? signed : changed;
      for (const [position, value] of changes) target[position % target.byteLength] = value;
      const judged = await judge(changed, signed);
      if (Buffer.compare(changed, bytes) !== 0) expect(judged.kind).toBe("refused");
    }),
    { numRuns: RUNS },
  );
});
