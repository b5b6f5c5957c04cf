import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCertificates } from "../../../../../src/rbuild/lock/archive/certificates.ts";
import { verifyInRelease } from "../../../../../src/rbuild/lock/archive/in-release.ts";
import { isRbuildError } from "../../../../../src/system/index.ts";
import { makeSigningKey, signCleartext } from "../../../../support/apt-archive/signing-key.ts";

/** Made with GnuPG: one text, signed with SHA-512 and with SHA-1, and the certificate before and after its revocation. */
const fixture = (name: string): Promise<Buffer> => readFile(new URL(`../../../../fixtures/in-release/${name}`, import.meta.url));
const FINGERPRINT = "08B6AEC9746012DE94EBF5A682EAA070980A2CBE";
/** After the fixtures were made. */
const LATER = 1_800_000_000;
const PLACE = { archive: "test", suite: "test" };

describe("an InRelease", () => {
  test("that GnuPG signed is good, by a binary and by an armored keyring", async () => {
    const inRelease = await fixture("strong.InRelease");
    const verified = await verifyInRelease(inRelease, await fixture("archive.gpg"), LATER, PLACE);
    expect(verified).toMatchObject({ signedBy: [FINGERPRINT], release: { codename: "test", date: 1_767_225_600 } });
    expect(verified.certificates.equals(await fixture("archive.gpg"))).toBe(true);
    expect(await verifyInRelease(inRelease, await fixture("archive.asc"), LATER, PLACE)).toEqual(verified);
  });

  test("with a SHA-1 signature is refused", async () => {
    const verified = verifyInRelease(await fixture("weak-sha1.InRelease"), await fixture("archive.gpg"), LATER, PLACE);
    await expect(verified).rejects.toMatchObject({ code: "lock.bad-signature", message: expect.stringMatching(/SHA1/i) });
  });

  test("by a key that is revoked by now is refused", async () => {
    const verified = verifyInRelease(await fixture("strong.InRelease"), await fixture("revoked.gpg"), LATER, PLACE);
    await expect(verified).rejects.toMatchObject({ code: "lock.expired-key", message: expect.stringContaining("revoked") });
  });

  test("keeps the certificates of its signers alone, of which the same signers follow", async () => {
    const keys = await Promise.all([1, 2, 3].map(() => makeSigningKey()));
    const text = `Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n ${"a".repeat(64)} 1 main/binary-amd64/Packages\n`;
    const [first, , third] = keys;
    if (!first || !third) throw new TypeError("three keys were made");
    const inRelease = Buffer.from(await signCleartext(text, [third, first], 1_767_225_600));
    const all = Buffer.concat(keys.map(({ certificate }) => certificate));
    const verified = await verifyInRelease(inRelease, all, LATER, PLACE);
    expect(verified.signedBy).toEqual([first.fingerprint, third.fingerprint].sort());
    expect(verified.certificates.length).toBe(first.certificate.length + third.certificate.length);
    expect(await verifyInRelease(inRelease, verified.certificates, LATER, PLACE)).toEqual(verified);
  });

  test("is not accepted with one bit changed, nor does anything but a coded error come of it", async () => {
    const [inRelease, keyring] = [await fixture("strong.InRelease"), await fixture("archive.gpg")];
    await fc.assert(
      fc.asyncProperty(fc.nat(inRelease.length - 1), fc.nat(7), async (at, bit) => {
        const changed = Buffer.from(inRelease);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        const result = await verifyInRelease(changed, keyring, LATER, PLACE).then(
          ({ release, signedBy }) => ({ release, signedBy }),
          (error: unknown) => error,
        );
        // White space at the end of a line, armor headers and the checksum are not signed: what is read is the same.
        if (!isRbuildError(result)) expect(result).toMatchObject({ signedBy: [FINGERPRINT], release: { codename: "test", date: 1_767_225_600 } });
      }),
      { numRuns: 300 },
    );
  });
});

describe("a keyring", () => {
  test("that is cut, empty or something else is refused", async () => {
    const keyring = await fixture("archive.gpg");
    for (const bytes of [keyring.subarray(0, 300), Buffer.alloc(0), Buffer.from("hello"), Buffer.from("-----BEGIN PGP PUBLIC KEY BLOCK-----\nnonsense")]) {
      await expect(readCertificates(bytes)).rejects.toMatchObject({ code: "lock.keyring-invalid" });
    }
  });

  test("of any bytes gives certificates or a coded error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const error = await readCertificates(Buffer.from(bytes)).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error !== undefined) expect(isRbuildError(error, "lock.keyring-invalid")).toBe(true);
      }),
    );
  });
});
