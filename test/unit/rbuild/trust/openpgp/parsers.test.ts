import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeArmor, encodeArmor } from "../../../../../src/rbuild/trust/openpgp/armor.ts";
import { readCertificateBytes } from "../../../../../src/rbuild/trust/openpgp/certificate.ts";
import { splitPackets } from "../../../../../src/rbuild/trust/openpgp/packets.ts";
import { splitSignatures, verifySignature } from "../../../../../src/rbuild/trust/openpgp/signature.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { NOW, testKey } from "../../../../support/trust/test-keys.ts";

const RUNS = fuzzRuns(500);

test("what is armoured is read back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), (bytes) => {
      expect(decodeArmor(encodeArmor(bytes, "SIGNATURE"), "SIGNATURE")).toEqual(bytes);
    }),
    { numRuns: RUNS },
  );
});

test("any text is armour or is not, and never throws", () => {
  const line = fc.oneof(fc.string(), fc.constantFrom("-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----", "", "AAAA", "=AAAA", "Comment: x"));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const result = decodeArmor(lines.join("\n"), "SIGNATURE");
      expect(typeof result === "string" || result.byteLength > 0).toBe(true);
    }),
    { numRuns: RUNS },
  );
});

test("packets that are cut cover all bytes, in order", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const packets = splitPackets(bytes, new Set([2, 6, 13, 14]), 50);
      if (typeof packets !== "string") expect(Buffer.concat(packets.map((packet) => packet.bytes))).toEqual(Buffer.from(bytes));
    }),
    { numRuns: RUNS },
  );
});

test("signatures and certificates with changed bytes never throw, and never verify another text", async () => {
  const key = await testKey("anna");
  const data = Buffer.from("text");
  const certificateBytes = key.privateKey.toPublic().write();
  const certificate = await readCertificateBytes(certificateBytes, "it");
  if (certificate.kind === "refused") throw new Error(certificate.message);
  const signature = await key.sign(data);
  const change = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
  const apply = (bytes: Uint8Array, edits: readonly (readonly [number, number])[]) => {
    const copy = Uint8Array.from(bytes);
    for (const [position, value] of edits) copy[position % copy.byteLength] = value;
    return copy;
  };
  await fc.assert(
    fc.asyncProperty(change, async (edits) => {
      const packet = apply(signature, edits);
      const verdict = await verifySignature(packet, Buffer.from("other text"), [certificate], { now: NOW, isLive: true });
      expect(verdict.kind).toBe("bad");
      splitSignatures(Buffer.from(encodeArmor(packet, "SIGNATURE")), "it");
      const read = await readCertificateBytes(apply(certificateBytes, edits), "it");
      if (read.kind === "certificate") await verifySignature(signature, data, [read], { now: NOW, isLive: true });
    }),
    { numRuns: RUNS },
  );
});
