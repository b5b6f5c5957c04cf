import { open } from "node:fs/promises";
import { createMessage, decryptKey, enums, type PrivateKey, readPrivateKey, sign } from "openpgp";
import { isSystemError, RbuildError, readWithin } from "../../../system/index.ts";
import { isFingerprint } from "../format/fields.ts";
import { MAX_BYTES } from "../limits.ts";
import { STRICT } from "../openpgp/policy.ts";
import type { Signer } from "./signer.ts";

export interface KeyFileOptions {
  /** Asked once, and only when the key is locked. */
  readonly passphrase: () => Promise<string>;
  /** Default: now. */
  readonly date?: Date;
}

/**
 * A signer from an OpenPGP secret key in a file, armoured or not.
 * @throws RbuildError `keys.unreadable`, `keys.wrong-passphrase`
 */
export async function openKeyFileSigner(path: string, options: KeyFileOptions): Promise<Signer> {
  const key = await unlock(await readSecretKey(path), path, options);
  const fingerprint = key.getFingerprint().toUpperCase();
  if (!isFingerprint(fingerprint)) throw unreadable(path, "its key is of a version that is not understood");
  return {
    fingerprint,
    async sign(data) {
      try {
        const message = await createMessage({ binary: data, format: "binary" });
        const made = await sign({
          message,
          signingKeys: key,
          detached: true,
          format: "binary",
          ...(options.date === undefined ? {} : { date: options.date }),
          config: { ...STRICT, preferredHashAlgorithm: enums.hash.sha512 },
        });
        return made as Uint8Array;
      } catch (error) {
        throw new RbuildError("keys.signing-failed", `the key in ${path} made no signature: ${error instanceof Error ? error.message : String(error)}`, {
          hint: "rbuild keys check",
          cause: error,
        });
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function readSecretKey(path: string): Promise<PrivateKey> {
  try {
    await using handle = await open(path);
    const read = await readWithin(handle, MAX_BYTES.certificate);
    if (!read) throw unreadable(path, `it has more than ${MAX_BYTES.certificate} bytes`);
    const bytes = new Uint8Array(read);
    const isArmored = ((bytes[0] ?? 0) & 0x80) === 0;
    return await (isArmored ? readPrivateKey({ armoredKey: Buffer.from(bytes).toString("latin1") }) : readPrivateKey({ binaryKey: bytes }));
  } catch (error) {
    if (error instanceof RbuildError) throw error;
    throw unreadable(path, isSystemError(error, "ENOENT") ? "there is no such file" : error instanceof Error ? error.message : String(error), error);
  }
}

async function unlock(key: PrivateKey, path: string, { passphrase }: KeyFileOptions): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  const given = await passphrase();
  try {
    return await decryptKey({ privateKey: key, passphrase: given });
  } catch (error) {
    throw new RbuildError("keys.wrong-passphrase", `the passphrase does not unlock the key in ${path}`, {
      category: "refused",
      hint: "give it again; --passphrase-fd N reads a line for each locked key file, in their order",
      cause: error,
    });
  }
}

function unreadable(path: string, why: string, cause?: unknown): RbuildError {
  return new RbuildError("keys.unreadable", `${path} has no OpenPGP secret key that can be used: ${why}`, {
    category: "invalid",
    hint: "gpg --armor --export-secret-keys FINGERPRINT",
    cause,
  });
}
