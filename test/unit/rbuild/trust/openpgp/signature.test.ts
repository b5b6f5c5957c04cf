import { createHash } from "node:crypto";
import { enums } from "openpgp";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeArmor } from "../../../../../src/rbuild/trust/openpgp/armor.ts";
import { type Certificate, readCertificate } from "../../../../../src/rbuild/trust/openpgp/certificate.ts";
import { joinSignatures, splitSignatures, verifySignature } from "../../../../../src/rbuild/trust/openpgp/signature.ts";
import { MADE, NOW, type TestKey, testKey } from "../../../../support/trust/test-keys.ts";

const DATA = Buffer.from("what is signed\n");
const DAY = 86_400_000;
const LOOSE = {
  minRSABits: 0,
  rejectPublicKeyAlgorithms: new Set<enums.publicKey>(),
  rejectHashAlgorithms: new Set<enums.hash>(),
  rejectMessageHashAlgorithms: new Set<enums.hash>(),
};

let key: TestKey;
beforeAll(async () => {
  key = await testKey("anna");
});

async function certificateOf(armored: string): Promise<Certificate> {
  const read = await readCertificate(armored, "it");
  if (read.kind === "refused") throw new Error(read.message);
  return read;
}

async function judge(
  signer: TestKey,
  options: {
    readonly made?: Date;
    readonly now?: Date;
    readonly isLive?: boolean;
    readonly armored?: string;
    readonly config?: object;
    readonly data?: Uint8Array;
  } = {},
) {
  const packet = await signer.sign(DATA, { date: options.made ?? NOW, ...(options.config ? { config: options.config } : {}) });
  const { now = NOW, isLive = true, data = DATA } = options;
  const verdict = await verifySignature(packet, data, [await certificateOf(options.armored ?? signer.armored)], { now, isLive });
  return verdict.kind === "good" ? "good" : verdict.code;
}

describe("a signature", () => {
  test("over the same bytes by a good key is good", async () => {
    expect(await judge(key)).toBe("good");
    expect(await judge(await testKey("newer", { type: "curve25519" }))).toBe("good");
  });

  test("over other bytes is bad", async () => {
    expect(await judge(key, { data: Buffer.from("what is signed\r\n") })).toBe("trust.bad-signature");
  });

  test("of RSA counts from 3072 bits", { timeout: 120_000 }, async () => {
    expect(await judge(await testKey("big", { type: "rsa", rsaBits: 3072 }))).toBe("good");
    expect(await judge(await testKey("small", { type: "rsa", rsaBits: 2048 }), { config: LOOSE })).toBe("trust.weak-algorithm");
  });

  test("from the future does not count, beyond what clocks differ", async () => {
    expect(await judge(key, { made: new Date(NOW.getTime() + 5 * 60_000) })).toBe("good");
    expect(await judge(key, { made: new Date(NOW.getTime() + DAY) })).toBe("trust.future-signature");
  });

  test("by a key from the future does not count", async () => {
    const late = await testKey("late", { date: new Date(NOW.getTime() + 5 * 60_000) });
    expect(await judge(late, { made: new Date(NOW.getTime() + 6 * 60_000) })).toBe("trust.future-key");
  });

  test("by an expired key counts for what is signed once and not for what is renewed", async () => {
    const short = await testKey("short", { days: 30 });
    const made = new Date(MADE.getTime() + 10 * DAY);
    expect(await judge(short, { made, isLive: true })).toBe("trust.expired-key");
    expect(await judge(short, { made, isLive: false })).toBe("good");
  });

  test("by a revoked key never counts, whenever it was made", async () => {
    const { revokeKey } = await import("openpgp");
    const { publicKey } = await revokeKey({ key: key.privateKey.toPublic(), revocationCertificate: key.revocation, format: "object" });
    for (const isLive of [true, false])
      expect(await judge(key, { armored: publicKey.armor(), isLive, made: new Date(MADE.getTime() + DAY) })).toBe("trust.revoked-key");
  });

  test("by a key retired later counts for what it signed before", async () => {
    const { revokeKey } = await import("openpgp");
    const { publicKey } = await revokeKey({
      key: key.privateKey,
      reasonForRevocation: { flag: enums.reasonForRevocation.keyRetired, string: "" },
      date: new Date(NOW.getTime() - DAY),
      format: "object",
    });
    const made = new Date(NOW.getTime() - 2 * DAY);
    expect(await judge(key, { armored: publicKey.armor(), isLive: false, made })).toBe("good");
    expect(await judge(key, { armored: publicKey.armor(), isLive: true, made })).toBe("trust.revoked-key");
    expect(await judge(key, { armored: publicKey.armor(), isLive: false })).toBe("trust.revoked-key");
  });

  test("counts although the certificate was renewed after it, and has its newest form alone", async () => {
    const { reformatKey } = await import("openpgp");
    const userIDs = [{ name: "anna", email: "anna@example.org" }];
    const renewed = await reformatKey({
      privateKey: key.privateKey,
      userIDs,
      keyExpirationTime: 900 * 86_400,
      date: new Date(NOW.getTime() - DAY),
      format: "armored",
    });
    expect(await judge(key, { made: new Date(NOW.getTime() - 3 * DAY), armored: renewed.publicKey })).toBe("good");
  });

  test("that says it is older than its key does not count", async () => {
    const young = await testKey("young", { date: new Date(NOW.getTime() - DAY) });
    const packet = await young.sign(DATA, { date: new Date(NOW.getTime() - DAY) });
    const older = Uint8Array.from(packet);
    const seconds = Buffer.alloc(4);
    seconds.writeUInt32BE(Math.floor((NOW.getTime() - DAY) / 1000));
    const position = Buffer.from(older).indexOf(seconds);
    new DataView(older.buffer).setUint32(position, seconds.readUInt32BE() - 3600);
    const verdict = await verifySignature(older, DATA, [await certificateOf(young.armored)], { now: NOW, isLive: true });
    expect(verdict).toMatchObject({ code: "trust.future-key" });
  });

  test("by a subkey that was revoked never counts; those by others go on", async () => {
    const many = await testKey("many", { signingSubkeys: 2 });
    const [gone, stays] = [many.privateKey.subkeys[0]!, many.privateKey.subkeys[1]!];
    const revoked = await gone.revoke(many.privateKey.keyPacket as never, { flag: enums.reasonForRevocation.keyCompromised }, NOW);
    const packets = [await many.sign(DATA, { subkey: 0 }), await many.sign(DATA, { subkey: 1 })];
    const certificate = await certificateOf(many.armored);
    certificate.key.subkeys.find((part) => part.getFingerprint() === gone.getFingerprint())!.revocationSignatures.push(...revoked.revocationSignatures);
    const verdicts = await Promise.all(packets.map((packet) => verifySignature(packet, DATA, [certificate], { now: NOW, isLive: true })));
    expect(verdicts).toMatchObject([{ code: "trust.revoked-key" }, { kind: "good" }]);
    expect(stays.getFingerprint()).not.toBe(gone.getFingerprint());
  });

  test("counts for its signer although somebody else put the key into his own certificate", async () => {
    const many = await testKey("many", { signingSubkeys: 1 });
    const thief = await certificateOf(key.armored);
    const stolen = await certificateOf(many.armored);
    const { Subkey } = await import("openpgp");
    thief.key.subkeys.push(new Subkey(stolen.key.subkeys[0]!.keyPacket, thief.key));
    thief.key.subkeys[0]!.bindingSignatures.push(...stolen.key.subkeys[0]!.bindingSignatures);
    const packet = await many.sign(DATA, { subkey: 0 });
    expect(await verifySignature(packet, DATA, [thief, stolen], { now: NOW, isLive: true })).toMatchObject({ kind: "good", signer: many.fingerprint });
    expect((await verifySignature(packet, DATA, [thief], { now: NOW, isLive: true })).kind).toBe("bad");
  });

  test("by a stranger does not count", async () => {
    const packet = await (await testKey("stranger")).sign(DATA);
    expect(await verifySignature(packet, DATA, [await certificateOf(key.armored)], { now: NOW, isLive: true })).toMatchObject({ code: "trust.unknown-key" });
  });

  test("is of its signer, whichever subkey made it", async () => {
    const many = await testKey("many", { signingSubkeys: 2 });
    const certificate = await certificateOf(many.armored);
    for (const subkey of [0, 1]) {
      const verdict = await verifySignature(await many.sign(DATA, { subkey }), DATA, [certificate], { now: NOW, isLive: true });
      expect(verdict).toMatchObject({ kind: "good", signer: many.fingerprint });
    }
  });
});

describe("a signature file", () => {
  const split = (text: string) => {
    const result = splitSignatures(Buffer.from(text), "it");
    return result.kind === "refused" ? result.code : result.packets.length;
  };

  test("has one block of one packet for each signer", async () => {
    expect(split(joinSignatures([await key.sign(DATA), await key.sign(DATA)]))).toBe(2);
  });

  test("with several armour blocks, or anything around its block, is refused", async () => {
    const one = joinSignatures([await key.sign(DATA)]);
    for (const text of [one + one, `Hello\n${one}`, `${one}Hello\n`, `${one}\n${one}`, one.replace("-----END", "-----BEGIN"), one.slice(0, -20), `\n${one}`])
      expect(split(text)).toBe("trust.malformed-signature");
    expect(split(`${one}\n\n`)).toBe(1);
    expect(split(one.replaceAll("\n", "\r\n"))).toBe(1);
  });

  test("with other packets is refused", async () => {
    const packet = await key.sign(DATA);
    const wrap = (bytes: Uint8Array) => encodeArmor(bytes, "SIGNATURE");
    const literal = Buffer.from([0xcb, 8, 0x62, 0, 0, 0, 0, 0, 0x68, 0x69]);
    const marker = Buffer.from([0xca, 3, 0x50, 0x47, 0x50]);
    for (const extra of [literal, marker, key.privateKey.toPublic().write()])
      for (const bytes of [Buffer.concat([packet, extra]), Buffer.concat([extra, packet])]) expect(split(wrap(bytes))).toBe("trust.malformed-signature");
  });

  test("with a compressed bomb is refused without unpacking it", async () => {
    const { deflateRawSync } = await import("node:zlib");
    const packed = deflateRawSync(Buffer.alloc(32 * 1024 * 1024));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(packed.byteLength + 1);
    const bomb = Buffer.concat([Buffer.from([0xc8, 0xff]), length, Buffer.from([1]), packed]);
    expect(bomb.byteLength).toBeLessThan(48 * 1024);
    expect(split(encodeArmor(bomb, "SIGNATURE"))).toBe("trust.malformed-signature");
  });

  test("with packets of partial and indeterminate length, or cut short, is refused", async () => {
    const packet = await key.sign(DATA);
    for (const bytes of [[0xc2, 0xe1, 4, 4], [0x8b, 4, 0], [...packet].slice(0, -1), [0x00], [0xc2]])
      expect(split(encodeArmor(Uint8Array.from(bytes), "SIGNATURE"))).toBe("trust.malformed-signature");
  });

  test("with too many packets is refused", async () => {
    const packet = await key.sign(DATA);
    expect(split(joinSignatures(Array.from({ length: 33 }, () => packet)))).toBe("trust.malformed-signature");
  });
});

describe("a certificate", () => {
  const codeOf = async (armored: string) => {
    const read = await readCertificate(armored, "it");
    return read.kind === "refused" ? read.code : read.kind;
  };

  test("of 10 MB is refused unread", async () => {
    const before = process.cpuUsage();
    expect(await codeOf(`-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${"A".repeat(10_000_000)}`)).toBe("trust.too-large");
    expect(process.cpuUsage(before).user).toBeLessThan(200_000);
  });

  test("with a secret key, with two certificates, or with a strange packet is refused", async () => {
    const other = await testKey("other");
    const pub = (bytes: Uint8Array) => encodeArmor(bytes, "PUBLIC KEY BLOCK");
    const own = key.privateKey.toPublic().write();
    expect(await codeOf(key.privateKey.armor())).toBe("trust.malformed-certificate");
    expect(await codeOf(pub(key.privateKey.write()))).toBe("trust.malformed-certificate");
    expect(await codeOf(pub(Buffer.concat([own, other.privateKey.toPublic().write()])))).toBe("trust.malformed-certificate");
    expect(await codeOf(pub(Buffer.concat([own, Buffer.from([0xca, 3, 0x50, 0x47, 0x50])])))).toBe("trust.malformed-certificate");
    expect(await codeOf(pub(own))).toBe("certificate");
  });

  test("whose owner calls himself by control characters is shown without", async () => {
    const bytes = Buffer.from(key.privateKey.toPublic().write());
    bytes.write("\u001b[2J", bytes.indexOf("anna"), "latin1");
    bytes.write("\n\u0007", bytes.indexOf("@"), "latin1");
    expect((await certificateOf(encodeArmor(bytes, "PUBLIC KEY BLOCK"))).userIds[0]).toMatch(/^[ -~]+$/);
  });

  test("whose bytes were changed anywhere is refused, cannot sign, or signs nothing that was signed before", async () => {
    const bytes = key.privateKey.toPublic().write();
    const packet = await key.sign(DATA);
    for (let position = 0; position < bytes.byteLength; position += 7) {
      const changed = Uint8Array.from(bytes);
      changed[position] = (changed[position] ?? 0) ^ (1 + ((createHash("sha256").update(String(position)).digest()[0] ?? 0) % 255));
      const read = await readCertificate(encodeArmor(changed, "PUBLIC KEY BLOCK"), "it");
      if (read.kind === "refused") continue;
      const verdict = await verifySignature(packet, DATA, [read], { now: NOW, isLive: true });
      // unhashed parts may change: then it is still the same certificate
      if (verdict.kind === "good") expect(verdict.signer).toBe(key.fingerprint);
    }
  });
});
