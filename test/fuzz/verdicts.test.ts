import { expect } from "vitest";
import { encodeArmor } from "../../src/rbuild/trust/openpgp/armor.ts";
import { judgeVerdict } from "../../src/rbuild/trust/verdicts/judge-verdict.ts";
import { parseVerdict, writeVerdict } from "../../src/rbuild/trust/verdicts/statement.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";
import { NOW, testKey } from "../support/trust/test-keys.ts";
import { IMAGE, rootOf, verdictBy } from "../support/trust/test-verdicts.ts";

const [publisher, rita] = [await testKey("publisher"), await testKey("rita")];
const root = await rootOf({ publisher, rebuilders: [rita] });
const [identical, different] = [writeVerdict(verdictBy(rita)), writeVerdict(verdictBy(rita, IMAGE, { verdict: "different" }))];
const signature = await rita.sign(identical);
const signed = Buffer.from(encodeArmor(signature, "SIGNATURE"));
const place = { image: IMAGE, rebuilder: rita.fingerprint, revision: 1 };

fuzz("verdicts", {
  seeds: [identical, different],
  parse: (bytes) => parseVerdict(bytes, "it"),
  tokens: ['    "revision": 2,\n', '"verdict": "different"', "sha256:"],
});

/** What was changed never counts as what was signed. */
fuzz("verdicts with their signatures", {
  seeds: [identical],
  parse: async (bytes) => {
    const judged = await judgeVerdict({ kind: "signed-file", bytes, signature: signed }, place, root, { now: NOW, what: "it" });
    if (Buffer.compare(bytes, identical) !== 0) expect(judged.kind).toBe("refused");
  },
});
