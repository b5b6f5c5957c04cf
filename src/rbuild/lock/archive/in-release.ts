import { type CleartextMessage, type PublicKey, readCleartextMessage, verify } from "openpgp";
import { RbuildError, type RbuildErrorOptions } from "../../../system/index.ts";
import { parseRelease, type ReleaseFile } from "../../debian/release-file.ts";
import { type Certificate, readCertificates } from "./certificates.ts";

/** What a signed InRelease says, and who says so. */
export interface VerifiedRelease {
  readonly release: ReleaseFile;
  /** Fingerprints of the primary keys whose signatures are good, upper-case hex, in byte order. */
  readonly signedBy: readonly string[];
  /** The certificates of these keys, in the same order: enough to check it again. */
  readonly certificates: Buffer;
}

/** Where an InRelease is from, for messages. */
export interface ReleasePlace {
  readonly archive: string;
  readonly suite: string;
}

export const MAX_IN_RELEASE_BYTES = 16 * 2 ** 20;

/**
 * Checks an InRelease as of a time: every signature of a key of the keyring is good and at least one is there; keys that have expired or
 * are revoked by then do not count; weak hashes are refused; it is of the suite; its Date is past and its Valid-Until is not.
 * @param at seconds since 1970
 * @throws RbuildError `lock.unsigned`, `lock.bad-signature`, `lock.unknown-signer`, `lock.expired-key`, `lock.other-suite`, `lock.archive-expired`, `lock.clock-behind`, `lock.keyring-invalid`, `debian.malformed-release`
 */
export async function verifyInRelease(bytes: Buffer, keyring: Buffer, at: number, place: ReleasePlace): Promise<VerifiedRelease> {
  const what = `the InRelease of ${place.archive} ${place.suite}`;
  const message = await readMessage(bytes, what);
  const certificates = await readCertificates(keyring);
  const good = await checkSignatures(message, certificates, at, what);
  const release = parseRelease(message.getText());
  checkSuite(release, place.suite, what);
  checkTimes(release, at, what);
  const signers = [...good].sort((left, right) => (left.fingerprint < right.fingerprint ? -1 : 1));
  return { release, signedBy: signers.map(({ fingerprint }) => fingerprint), certificates: Buffer.concat(signers.map((signer) => signer.bytes)) };
}

async function readMessage(bytes: Buffer, what: string): Promise<CleartextMessage> {
  const text = bytes.toString("utf8");
  if (bytes.length > MAX_IN_RELEASE_BYTES || !isOneSignedText(text)) {
    throw new RbuildError(
      "lock.unsigned",
      `${what} is not one signed text`,
      untrusted("the mirror may be behind a page that answers in its place; use another: --mirror URL"),
    );
  }
  try {
    return await readCleartextMessage({ cleartextMessage: text });
  } catch (error) {
    throw unreadable(what, error);
  }
}

const unreadable = (what: string, cause: unknown): RbuildError =>
  new RbuildError("lock.unsigned", `${what} has no signature that can be read`, untrusted("use another mirror: --mirror URL", cause));

/** RFC 9580, 7: one signed text, its signatures, and nothing before, between or after. Lines of the text that begin with - are escaped. */
function isOneSignedText(text: string): boolean {
  const marks = text
    .split("\n")
    .flatMap((line, index, lines) => (line.startsWith("-----") ? [{ line: line.trimEnd(), index, isLast: index >= lines.length - 2 }] : []));
  const [begin, signature, end, ...more] = marks;
  return (
    more.length === 0 &&
    begin?.index === 0 &&
    begin.line === "-----BEGIN PGP SIGNED MESSAGE-----" &&
    signature?.line === "-----BEGIN PGP SIGNATURE-----" &&
    end?.line === "-----END PGP SIGNATURE-----" &&
    end.isLast &&
    text.slice(text.lastIndexOf("-----") + 5).trim() === ""
  );
}

type VerificationResult = Awaited<ReturnType<typeof verify>>["signatures"][number];

interface Signer {
  readonly fingerprint: string;
  readonly bytes: Buffer;
}

async function checkSignatures(message: CleartextMessage, certificates: readonly Certificate[], at: number, what: string): Promise<readonly Signer[]> {
  const date = new Date(at * 1000);
  const { signatures } = await verify({ message, verificationKeys: certificates.map(({ key }) => key), date }).catch((error: unknown) => {
    throw unreadable(what, error);
  });
  const good = new Map<string, Signer>();
  const unusable: string[] = [];
  for (const signature of signatures) {
    const signer = certificates.find(({ key }) => key.getKeys(signature.keyID).length > 0);
    if (!signer) continue;
    const fingerprint = signer.key.getFingerprint().toUpperCase();
    const problem = await keyProblem(signer.key, signature, date);
    if (problem === undefined) await requireGood(signature, fingerprint, at, what);
    if (problem === undefined) good.set(fingerprint, { fingerprint, bytes: signer.bytes });
    else unusable.push(`${fingerprint}: ${problem}`);
  }
  if (good.size > 0) return [...good.values()];
  if (unusable.length > 0) {
    throw new RbuildError(
      "lock.expired-key",
      `${what} is signed only by keys that cannot be used as of ${date.toISOString()}: ${unusable.join("; ")}`,
      untrusted("get newer certificates of the archive: apt-get install debian-archive-keyring, or those of keyring: in the definition"),
    );
  }
  const by = signatures.map(({ keyID }) => keyID.toHex().toUpperCase()).join(" and ");
  throw new RbuildError(
    "lock.unknown-signer",
    `${what} is signed by ${by || "nobody"}, ${by ? "of whom the keyring has no certificate" : "although it has the form of a signed text"}`,
    untrusted("this is not the archive it should be, or its keyring is too old: apt-get install debian-archive-keyring"),
  );
}

/** Why a key may not sign at that time; undefined when it may. */
async function keyProblem(key: PublicKey, signature: VerificationResult, date: Date): Promise<string | undefined> {
  try {
    await key.getSigningKey(signature.keyID, date);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function requireGood({ verified, signature }: VerificationResult, fingerprint: string, at: number, what: string): Promise<void> {
  try {
    await verified;
  } catch (error) {
    const made = Math.max(...(await signature).packets.map(({ created }) => Math.floor((created?.getTime() ?? 0) / 1000)));
    if (made > at) throw clockBehind(`${what} was signed by ${fingerprint} at ${iso(made)}`, made, at);
    throw new RbuildError(
      "lock.bad-signature",
      `the signature of ${what} by ${fingerprint} is bad: ${(error as Error).message}`,
      untrusted("somebody has changed the file, or it was cut; use another mirror: --mirror URL", error),
    );
  }
}

/** Otherwise a mirror could show an older suite, which the same keys have signed, in the place of this one. */
function checkSuite({ suite, codename }: ReleaseFile, wanted: string, what: string): void {
  const names = [codename, suite].filter((name) => name !== undefined);
  if (names.length === 0 || names.includes(wanted)) return;
  throw new RbuildError(
    "lock.other-suite",
    `${what} is that of another suite: ${names.join(", ")}`,
    untrusted("use another mirror: --mirror URL; or correct suites: in the definition"),
  );
}

function checkTimes({ date, validUntil }: ReleaseFile, at: number, what: string): void {
  const now = iso(at);
  if (date > at) throw clockBehind(`${what} is from ${iso(date)}`, date, at);
  if (validUntil !== undefined && validUntil < at) {
    throw new RbuildError(
      "lock.archive-expired",
      `${what} was valid until ${iso(validUntil)}, and it is ${now}: the mirror is behind, or somebody holds newer states back`,
      untrusted("use another mirror: --mirror URL; or set the clock"),
    );
  }
}

function clockBehind(what: string, date: number, at: number): RbuildError {
  return new RbuildError("lock.clock-behind", `${what}; this host's clock says ${iso(at)}`, {
    category: "unavailable",
    hint: "set the clock: date -u --set '…'; if it is right, the archive's is not: use another mirror: --mirror URL",
    details: { date, now: at },
  });
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000", "");

const untrusted = (hint: string, cause?: unknown): RbuildErrorOptions => ({ category: "untrusted", hint, cause });
