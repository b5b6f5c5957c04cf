import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { digestOf } from "../../src/oci/index.ts";
import { openBundleSource } from "../../src/rbuild/repository/bundle/open-bundle-source.ts";
import { readSignatureFile, writeSignatureFile } from "../../src/rbuild/repository/publish/prepared/signature-file.ts";
import { readRequest, writeRequest } from "../../src/rbuild/repository/publish/prepared/signing-request.ts";
import { openMemoryStore } from "../../src/rbuild/trust/client/memory-store.ts";
import { followRoots, type TrustedRoot } from "../../src/rbuild/trust/client/root-chain.ts";
import { readCanonical } from "../../src/rbuild/trust/format/canonical.ts";
import { parseMetadata } from "../../src/rbuild/trust/format/parse.ts";
import { updateTrust } from "../../src/rbuild/trust/index.ts";
import { decodeArmor, encodeArmor } from "../../src/rbuild/trust/openpgp/armor.ts";
import { type Certificate, readCertificate } from "../../src/rbuild/trust/openpgp/certificate.ts";
import { splitSignatures, verifySignature } from "../../src/rbuild/trust/openpgp/signature.ts";
import { rawTar } from "../support/breakout/raw-tar.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";
import { restoreChecksums } from "../support/fuzz/tar-checksums.ts";
import { NOW, testKey } from "../support/trust/test-keys.ts";
import { daysFromNow, TestRepository } from "../support/trust/test-repository.ts";

const [ann, ben, cron] = [await testKey("ann"), await testKey("ben"), await testKey("cron")];
const repository = new TestRepository();
const roles = { root: { keys: [ann, ben], threshold: 2 }, publisher: { keys: [ann], threshold: 1 }, freshness: { keys: [cron], threshold: 1 } };
await repository.putRoot(1, roles, [ann, ben]);
await repository.putRoot(2, roles, [ann, ben]);
await repository.putState({ publishers: [ann, ben], freshnessKeys: [cron], freshnessFields: { asOf: daysFromNow(-1) } });
const files = [...repository.files].map(([path, bytes]) => ({ path, bytes: Buffer.from(bytes) }));
const filesOf = (pattern: RegExp) => files.filter(({ path }) => pattern.test(path)).map(({ bytes }) => bytes);
const documents = filesOf(/\.json$/);
const signatures = filesOf(/\.asc$/);

fuzz("canonical JSON", { seeds: documents, parse: (bytes) => readCanonical(bytes, "it", 1_000_000), tokens: ['  "a": 1,\n'] });
for (const type of ["root", "freshness", "index", "current"] as const) {
  fuzz(`metadata: ${type}`, {
    seeds: documents,
    parse: (bytes) => parseMetadata(type, bytes, "it"),
    tokens: ['  "version": 2,\n', "sha256:", "2026-11-21T12:00:00Z"],
  });
}
const index = Buffer.from(documents.find((bytes) => bytes.includes('"type": "index"'))!).toString();
const freshness = Buffer.from(documents.find((bytes) => bytes.includes('"type": "freshness"'))!).toString();
const root = { version: 1, sha256: digestOf("root") };
fuzz("signing requests", {
  seeds: [writeRequest({ repository: "test-images", root, index, freshness })],
  parse: (bytes) => readRequest(bytes, "it"),
  codes: /^repository\.request-damaged$/,
});
fuzz("files of signatures", {
  seeds: [writeSignatureFile({ repository: "test-images", index: { sha256: digestOf(index), signature: signatures[0]!.toString() } })],
  parse: (bytes) => readSignatureFile(bytes, "it"),
  codes: /^repository\.signature-file-damaged$/,
});
fuzz("armour", {
  seeds: [...signatures, ann.armored],
  parse: (bytes) => [decodeArmor(bytes.toString("latin1"), "SIGNATURE"), decodeArmor(bytes.toString("latin1"), "PUBLIC KEY BLOCK")],
});

const data = Buffer.from("text");
const signature = await ann.sign(data);
const certificate = await certificateOf(ann.armored);
const at = { now: NOW, isLive: true };

/** No change of a signature makes it one over another text. */
async function verifyAll(bytes: Uint8Array): Promise<void> {
  const split = splitSignatures(bytes, "it");
  if (split.kind === "refused") return;
  for (const packet of split.packets) {
    await verifySignature(packet, data, [certificate], at);
    expect(await verifySignature(packet, Buffer.from("another text"), [certificate], at)).toMatchObject({ kind: "bad" });
  }
}
fuzz("signatures, in armour", { seeds: signatures, parse: verifyAll });
fuzz("signatures, their packets", { seeds: [signature, await ben.sign(data)], parse: (bytes) => verifyAll(Buffer.from(encodeArmor(bytes, "SIGNATURE"))) });

/** A certificate that was changed may still be one, and its key may still have signed. */
async function useCertificate(armored: string): Promise<void> {
  const read = await readCertificate(armored, "it");
  if (read.kind === "certificate") await verifySignature(signature, data, [read], at);
}
fuzz("certificates, in armour", { seeds: [ann.armored, ben.armored], parse: (bytes) => useCertificate(bytes.toString("latin1")) });
fuzz("certificates, their packets", {
  seeds: [ann, ben].map(({ armored }) => decodeArmor(armored, "PUBLIC KEY BLOCK") as Uint8Array),
  parse: (bytes) => useCertificate(encodeArmor(bytes, "PUBLIC KEY BLOCK")),
});

/** Everything that a client can be told, by a mirror that changed one file of it; each input goes the whole way. */
const place = await mkdtemp("/var/tmp/rbuild-fuzz-");
afterAll(() => rm(place, { recursive: true, force: true }));
const checkout = await firstRoot();
for (const [what, pattern] of [
  ["root 2", /^root\/2\./],
  ["the freshness", /^freshness\//],
  ["the index", /^index\//],
  ["the pointer", /^current/],
] as const) {
  fuzz(`a client that is given another file for ${what}`, {
    share: 0.02,
    sample: 20,
    seeds: filesOf(pattern),
    parse: async (bytes) => {
      const mirror = repository.clone();
      const path = files.find(({ path }) => pattern.test(path))!.path;
      mirror.files.set(path, bytes);
      const store = openMemoryStore();
      const verdict = await updateTrust({ checkout: [checkout], repository: mirror, store, clock: { now: () => NOW } });
      const isReal = bytes.equals(Buffer.from(repository.files.get(path)!));
      if (!isReal && !path.startsWith("current")) expect(verdict.kind).toBe("refused");
    },
  });
}

const bundlePath = join(place, "bundle.tar");
fuzz("bundles", {
  seeds: [rawTar(...files.map(({ path, bytes }) => ({ name: path, body: bytes.subarray(0, 300) })))],
  mend: restoreChecksums,
  share: 0.2,
  parse: async (bytes) => {
    await writeFile(bundlePath, bytes);
    await using source = await openBundleSource(bundlePath);
    for (const path of ["current.json", "root/1.json"]) {
      const read = await source.metadata.read(path, 100);
      if (read.kind === "bytes") expect(read.bytes.byteLength).toBeLessThanOrEqual(100);
    }
  },
  codes: /^repository\.bundle-damaged$/,
});

async function certificateOf(armored: string): Promise<Certificate> {
  const read = await readCertificate(armored, "it");
  if (read.kind === "refused") throw new Error(read.message);
  return read;
}

async function firstRoot(): Promise<TrustedRoot> {
  for await (const root of followRoots(undefined, repository, NOW)) if (root.kind === "trusted-root") return root;
  throw new Error("the repository has no root");
}
