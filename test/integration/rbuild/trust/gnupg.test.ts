import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { applyRevocation, type Fingerprint, importCertificate, openGnupgSigner, openKeyFileSigner } from "../../../../src/rbuild/trust/index.ts";
import { decodeArmor } from "../../../../src/rbuild/trust/openpgp/armor.ts";
import { type Certificate, readCertificate } from "../../../../src/rbuild/trust/openpgp/certificate.ts";
import { splitPackets } from "../../../../src/rbuild/trust/openpgp/packets.ts";
import { joinSignatures, splitSignatures, verifySignature } from "../../../../src/rbuild/trust/openpgp/signature.ts";
import { scratchDirectory } from "../../../support/scratch.ts";
import { type GnupgHome, gnupgHome } from "../../../support/trust/gnupg-home.ts";
import { testKey } from "../../../support/trust/test-keys.ts";

const DATA = Buffer.from("an index\n");

async function certificateOf(home: GnupgHome, fingerprint: string): Promise<Certificate> {
  const read = await readCertificate(await home.gpg("--armor", "--export", fingerprint), "it");
  if (read.kind === "refused") throw new Error(read.message);
  return read;
}

async function verdictOf(packet: Uint8Array, certificate: Certificate, options: { readonly isLive?: boolean; readonly now?: Date } = {}): Promise<string> {
  const verdict = await verifySignature(packet, DATA, [certificate], { now: options.now ?? new Date(), isLive: options.isLive ?? true });
  return verdict.kind === "good" ? "good" : verdict.code;
}

/** What gpg signs when it is told how. */
async function signedByGpg(home: GnupgHome, ...args: readonly string[]): Promise<Uint8Array> {
  const path = join(home.directory, "data");
  await writeFile(path, DATA);
  const decoded = decodeArmor(await home.gpg("--armor", ...args, "--output", "-", "--detach-sign", path), "SIGNATURE");
  const packets = typeof decoded === "string" ? decoded : splitPackets(decoded, new Set([2]), 4);
  if (typeof packets === "string") throw new Error(packets);
  return packets[0]!.bytes;
}

describe("signatures of both kinds of signer", () => {
  test("verify with us, with gpg and with sqv, alone and in one file", async () => {
    const home = await gnupgHome();
    const fingerprint = await home.makeKey("ann", "ed25519");
    const key = await testKey("ben", { date: new Date(Date.now() - 86_400_000) });
    const path = join(home.directory, "ben.secret");
    await writeFile(path, key.privateKey.armor());
    await writeFile(join(home.directory, "ben.asc"), key.armored);
    await home.gpg("--import", join(home.directory, "ben.asc"));
    await using byGnupg = await openGnupgSigner(fingerprint, home.environment);
    await using byFile = await openKeyFileSigner(path, { passphrase: () => Promise.reject(new Error("not asked: it has none")) });
    expect([byGnupg.fingerprint, byFile.fingerprint]).toEqual([fingerprint, key.fingerprint]);

    const packets = [await byGnupg.sign(DATA), await byFile.sign(DATA)];
    const certificates = [await certificateOf(home, fingerprint), await certificateOf(home, key.fingerprint)];
    expect(await Promise.all(packets.map((packet, index) => verdictOf(packet, certificates[index]!)))).toEqual(["good", "good"]);

    const file = join(home.directory, "index.json");
    await writeFile(file, DATA);
    const ring = join(home.directory, "ring.asc");
    await writeFile(ring, await home.gpg("--armor", "--export"));
    for (const [content, needed] of [
      [[packets[0]!], 1],
      [[packets[1]!], 1],
      [packets, 2],
    ] as const) {
      await writeFile(`${file}.asc`, joinSignatures(content));
      expect((await home.run("gpg", ["--batch", "--verify", `${file}.asc`, file])).stderr.match(/Good signature/g)).toHaveLength(needed);
      expect((await home.run("sqv", ["-n", String(needed), "--keyring", ring, `${file}.asc`, file])).stdout.trim().split("\n")).toHaveLength(needed);
    }
    await writeFile(file, "another index\n");
    expect((await home.run("gpg", ["--batch", "--verify", `${file}.asc`, file], { okCodes: [1] })).stderr).toContain("BAD signature");
    expect((await home.run("sqv", ["-n", "1", "--keyring", ring, `${file}.asc`, file], { okCodes: [1] })).exitCode).toBe(1);
  });

  test("a locked key file asks for its passphrase once, and says when it is wrong", async () => {
    const { encryptKey } = await import("openpgp");
    const directory = await scratchDirectory();
    const key = await testKey("cleo", { date: new Date(Date.now() - 86_400_000) });
    const path = join(directory, "cleo.secret");
    await writeFile(path, (await encryptKey({ privateKey: key.privateKey, passphrase: "open sesame" })).armor());
    let asked = 0;
    await using signer = await openKeyFileSigner(path, { passphrase: async () => (asked++, "open sesame") });
    await signer.sign(DATA);
    await signer.sign(DATA);
    expect(asked).toBe(1);
    await expect(openKeyFileSigner(path, { passphrase: async () => "wrong" })).rejects.toMatchObject({ code: "keys.wrong-passphrase" });
    await expect(openKeyFileSigner(join(directory, "none"), { passphrase: async () => "" })).rejects.toMatchObject({ code: "keys.unreadable" });
  });

  test("GnuPG without that key", async () => {
    const home = await gnupgHome();
    await expect(openGnupgSigner("A".repeat(40), home.environment)).rejects.toMatchObject({ code: "keys.no-secret-key" });
  });
});

describe("keys that gpg makes", () => {
  test("RSA of 3072 bits and NIST curves are good; RSA of 2048 and DSA are too weak", async () => {
    const home = await gnupgHome();
    for (const [algorithm, wanted] of [
      ["rsa3072", "good"],
      ["nistp384", "good"],
      ["rsa2048", "trust.weak-algorithm"],
      ["dsa2048", "trust.weak-algorithm"],
    ] as const) {
      const fingerprint = await home.makeKey(algorithm, algorithm);
      expect([algorithm, await verdictOf(await signedByGpg(home, "--local-user", fingerprint), await certificateOf(home, fingerprint))]).toEqual([
        algorithm,
        wanted,
      ]);
    }
  });

  test("SHA-1 counts neither in a signature nor in a certificate", async () => {
    const home = await gnupgHome();
    const good = await home.makeKey("good", "rsa3072");
    expect(await verdictOf(await signedByGpg(home, "--local-user", good, "--digest-algo", "SHA1"), await certificateOf(home, good))).toBe(
      "trust.weak-algorithm",
    );
    const old = await home.makeKey("old", "rsa3072", { more: ["--cert-digest-algo", "SHA1"] });
    expect(await verdictOf(await signedByGpg(home, "--local-user", old), await certificateOf(home, old))).toBe("trust.weak-algorithm");
  });

  test("two signing subkeys and the primary key are one signer", async () => {
    const home = await gnupgHome();
    const fingerprint = await home.makeKey("many", "ed25519");
    for (const algorithm of ["ed25519", "rsa3072"]) await home.gpg("--quick-add-key", fingerprint, algorithm, "sign", "1y");
    const certificate = await certificateOf(home, fingerprint);
    for (const part of [certificate.key, ...certificate.key.subkeys]) {
      const packet = await signedByGpg(home, "--local-user", `${part.getFingerprint().toUpperCase()}!`);
      expect(await verifySignature(packet, DATA, [certificate], { now: new Date(), isLive: true })).toMatchObject({ kind: "good", signer: fingerprint });
    }
  });

  test("an expired key: what it signed while it was good was good", async () => {
    const home = await gnupgHome();
    const fingerprint = await home.makeKey("short", "ed25519", { expire: "seconds=86400", more: ["--faked-system-time", "20260101T000000"] });
    const packet = await signedByGpg(home, "--local-user", fingerprint, "--faked-system-time", "20260101T120000");
    const certificate = await certificateOf(home, fingerprint);
    const now = new Date("2026-02-01T00:00:00Z");
    expect(await verdictOf(packet, certificate, { now, isLive: true })).toBe("trust.expired-key");
    expect(await verdictOf(packet, certificate, { now, isLive: false })).toBe("good");
  });

  test("a signature with an end of its own counts until then", async () => {
    const home = await gnupgHome();
    const fingerprint = await home.makeKey("ann", "ed25519", { more: ["--faked-system-time", "20260101T000000"] });
    const packet = await signedByGpg(home, "--local-user", fingerprint, "--default-sig-expire", "2d", "--faked-system-time", "20260102T000000");
    const certificate = await certificateOf(home, fingerprint);
    expect(await verdictOf(packet, certificate, { now: new Date("2026-01-03T00:00:00Z") })).toBe("good");
    expect(await verdictOf(packet, certificate, { now: new Date("2026-01-05T00:00:00Z") })).toBe("trust.expired-signature");
  });

  test("signatures of other kinds are none: over text, clear-signed, inline, compressed", async () => {
    const home = await gnupgHome();
    const fingerprint = await home.makeKey("ann", "ed25519");
    expect(await verdictOf(await signedByGpg(home, "--local-user", fingerprint, "--textmode"), await certificateOf(home, fingerprint))).toBe(
      "trust.malformed-signature",
    );
    const path = join(home.directory, "data");
    for (const how of [["--clearsign"], ["--sign"], ["--sign", "--compress-level", "0"], ["--store"]]) {
      const made = await home.gpg("--armor", "--local-user", fingerprint, "--output", "-", ...how, path);
      const disguised = made.replaceAll("PGP MESSAGE", "PGP SIGNATURE");
      for (const text of [made, disguised]) expect(splitSignatures(Buffer.from(text), "it")).toMatchObject({ code: "trust.malformed-signature" });
    }
  });

  test("a revocation that gpg prepared takes the key away, and cannot be imported away", async () => {
    const home = await gnupgHome();
    const directory = await scratchDirectory();
    const fingerprint = (await home.makeKey("gone", "ed25519")) as Fingerprint;
    const armored = await home.gpg("--armor", "--export", fingerprint);
    const packet = await signedByGpg(home, "--local-user", fingerprint);
    expect(await importCertificate(directory, Buffer.from(armored), "it", new Date())).toMatchObject({ change: "added" });
    expect(await importCertificate(directory, Buffer.from(armored), "it", new Date())).toMatchObject({ change: "unchanged" });
    const prepared = await readFile(join(home.directory, "openpgp-revocs.d", `${fingerprint}.rev`), "latin1");
    const path = await applyRevocation(directory, fingerprint, prepared.slice(prepared.indexOf(":-----BEGIN") + 1), new Date());
    expect(await importCertificate(directory, Buffer.from(armored), "it", new Date())).toMatchObject({ change: "unchanged" });
    const read = await readCertificate(await readFile(path, "latin1"), "it");
    expect(read.kind === "certificate" && (await verdictOf(packet, read, { isLive: false }))).toBe("trust.revoked-key");
    await expect(applyRevocation(directory, fingerprint, armored, new Date())).rejects.toMatchObject({ code: "keys.bad-revocation" });
  });

  test("import leaves out what is of no use: encryption subkeys and others' certifications", async () => {
    const home = await gnupgHome();
    const directory = await scratchDirectory();
    const fingerprint = await home.makeKey("full", "ed25519");
    const friend = await home.makeKey("friend", "ed25519");
    await home.gpg("--quick-add-key", fingerprint, "cv25519", "encr", "1y");
    await home.gpg("--local-user", friend, "--quick-sign-key", fingerprint);
    const bytes = Buffer.from(await home.gpg("--armor", "--export", fingerprint));
    const imported = await importCertificate(directory, bytes, "it", new Date());
    if (imported.kind === "refused") throw new Error(imported.message);
    const { key } = imported.certificate;
    expect([key.subkeys.length, key.users.length, key.users[0]!.otherCertifications.length]).toEqual([0, 1, 0]);
    expect((await readFile(imported.path)).byteLength).toBeLessThan(bytes.byteLength);
    expect((await home.run("gpg", ["--batch", "--show-keys", "--with-colons", imported.path])).stdout).toContain(fingerprint);
    const weak = await home.makeKey("weak", "rsa2048");
    expect(await importCertificate(directory, Buffer.from(await home.gpg("--armor", "--export", weak)), "it", new Date())).toMatchObject({
      code: "trust.weak-algorithm",
    });
  });
});
