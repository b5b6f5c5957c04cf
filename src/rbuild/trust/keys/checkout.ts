import { join } from "node:path";
import { namesIn } from "../../../system/index.ts";
import { openDirectorySource } from "../client/directory-source.ts";
import { followRoots, readSigned, type SignedFile, type TrustedRoot } from "../client/root-chain.ts";
import { checkClock } from "../clock.ts";
import { isFingerprint } from "../format/fields.ts";
import { type Parsed, parseMetadata } from "../format/parse.ts";
import { repositoryPaths } from "../format/paths.ts";
import { MAX_BYTES } from "../limits.ts";
import { type Certificate, readCertificate } from "../openpgp/certificate.ts";
import { isRefusal, type Refusal } from "../refusal.ts";

/** A root that is still being signed: it counts for nothing until enough have. */
export interface Proposal extends Omit<Parsed<"root">, "kind"> {
  readonly kind: "proposal";
  readonly signature: Uint8Array | undefined;
  /** What is still lacking. */
  readonly lacks: Refusal;
}

/** A checkout's `keys/`. */
export interface Checkout {
  readonly kind: "checkout";
  readonly directory: string;
  /** From version 1 on, each signed by the one before. */
  readonly roots: readonly TrustedRoot[];
  readonly proposal?: Proposal;
}

/** Reads `keys/root/`: every signed root, and the one behind them that is not yet signed by enough. */
export async function readCheckout(directory: string, now: Date): Promise<Checkout | Refusal> {
  const source = openDirectorySource(directory);
  const clock = await checkClockByFirstRoot(directory, now);
  if (clock) return clock;
  const roots: TrustedRoot[] = [];
  for await (const next of followRoots(undefined, source, now)) {
    if (!isRefusal(next)) {
      roots.push(next);
      continue;
    }
    const proposal = LACKING.has(next.code) ? await readProposal(directory, roots.length + 1, next) : undefined;
    return proposal ? { kind: "checkout", directory, roots, proposal } : next;
  }
  return { kind: "checkout", directory, roots };
}

/** Before any signature: with a clock in 1970 all of them are still to come, which says less. */
async function checkClockByFirstRoot(directory: string, now: Date): Promise<Refusal | undefined> {
  const path = repositoryPaths.root(1);
  const received = await openDirectorySource(directory).read(path, MAX_BYTES.root);
  const parsed = received.kind === "bytes" ? parseMetadata("root", received.bytes, join(directory, path)) : undefined;
  return parsed === undefined || isRefusal(parsed) ? undefined : checkClock(now, new Date(parsed.value.issued));
}

/** `unknown-key`: so far only keys have signed that the root before does not know. */
const LACKING = new Set<string>(["trust.unsigned", "trust.threshold", "trust.unknown-key", "trust.expired-key", "trust.revoked-key"]);

async function readProposal(directory: string, version: number, lacks: Refusal): Promise<Proposal | undefined> {
  const source = openDirectorySource(directory);
  const path = repositoryPaths.root(version);
  const next = await source.read(repositoryPaths.root(version + 1), 1);
  const file: SignedFile | Refusal | undefined = await readSigned(source, path, MAX_BYTES.root);
  if (file === undefined || isRefusal(file) || next.kind !== "absent") return undefined;
  const parsed = parseMetadata("root", file.bytes, path);
  return isRefusal(parsed) ? undefined : { ...parsed, kind: "proposal", signature: file.signature, lacks };
}

/** The certificates beside the roots: `keys/<FINGERPRINT>.asc`, which new roots take them from. */
export async function readCertificates(directory: string): Promise<readonly (Certificate & { readonly armored: string })[] | Refusal> {
  const source = openDirectorySource(directory);
  const names = (await namesIn(directory)).filter((name) => name.endsWith(".asc"));
  const certificates: (Certificate & { readonly armored: string })[] = [];
  for (const name of names.filter((file) => isFingerprint(file.slice(0, -".asc".length)))) {
    const received = await source.read(name, MAX_BYTES.certificate);
    const armored = received.kind === "bytes" ? Buffer.from(received.bytes).toString("latin1") : "";
    const certificate = await readCertificate(armored, join(directory, name));
    if (isRefusal(certificate)) return certificate;
    if (`${certificate.fingerprint}.asc` === name) certificates.push({ ...certificate, armored });
  }
  return certificates;
}
