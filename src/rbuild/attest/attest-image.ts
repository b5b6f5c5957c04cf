import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { withStep } from "../../make-runner/index.ts";
import { type Digest, shortDigest } from "../../oci/index.ts";
import { type Clock, RbuildError, writeFileAtomic } from "../../system/index.ts";
import type { ImageBuildOptions, ImageDependencies } from "../images/image-operations.ts";
import { readLocks } from "../repository/publish/stage-locks.ts";
import { readWanted, type WantedImage } from "../repository/publish/wanted-images.ts";
import type { TrustedRoot } from "../trust/client/root-chain.ts";
import { repositoryPaths } from "../trust/format/paths.ts";
import { openDirectorySource, type Signer } from "../trust/index.ts";
import { MAX_BYTES, MAX_REVISIONS } from "../trust/limits.ts";
import { isRefusal } from "../trust/refusal.ts";
import { makeVerdict, requireRebuilder, type VerdictFacts } from "../trust/verdicts/make-verdict.ts";
import { parseVerdict, type Verdict } from "../trust/verdicts/statement.ts";
import { rebuildChain, reproducedDigest } from "./reproduced-digest.ts";

export interface AttestOptions extends Omit<ImageBuildOptions, "name" | "force"> {
  /** A pinned image. */
  readonly name: string;
  /** Has the verdicts that rebuilders gave here: `<name>_<version>_<architecture>_<start of the digest>/<fingerprint>.<revision>.json`. */
  readonly directory: string;
  /** Build it, and those it stands on, now. */
  readonly rebuild?: boolean;
  /** Sign that it differs, too. */
  readonly signDifferent?: boolean;
}

export interface AttestDependencies extends ImageDependencies {
  /** The newest of the checkout. */
  readonly root: TrustedRoot;
  readonly openSigner: () => Promise<Signer>;
  readonly clock: Clock;
  /** Of rbuild. */
  readonly version: string;
}

export interface Attested extends Pick<Verdict, "name" | "version" | "architecture" | "verdict"> {
  /** Pinned, and what the lock gave here. */
  readonly digest: Digest;
  readonly found: Digest;
  /** `unsigned`: it differs, and nobody asked for that to be signed. */
  readonly state: "signed" | "present" | "unsigned";
  readonly rebuilder?: string;
  readonly path?: string;
}

/**
 * States, signed, whether this machine made the pinned image from its lock. Only what was built here counts, down to the lowest image: what
 * was fetched proves nothing.
 * @throws RbuildError `attest.not-built-here`, `attest.too-many-revisions`, `keys.not-a-rebuilder`, those of `readWanted` and `buildImage`
 */
export async function attestImage(options: AttestOptions, dependencies: AttestDependencies): Promise<Attested> {
  return withStep(dependencies.report, { name: "image.attest", subject: options.name }, async () => {
    const [wanted] = await readWanted([options.name], dependencies.imageDirectories);
    if (!wanted) throw new TypeError("an image was named");
    // Building takes long: what is said is of the lock as it was before.
    const lock = (await readLocks(wanted)).at(-1);
    if (!lock) throw new TypeError("a chain of images is not empty");
    const found = await reproduce(wanted, options, dependencies);
    const { name, version, architecture, manifest } = wanted;
    const said = { name, version, architecture, digest: manifest, found, verdict: found === manifest ? ("identical" as const) : ("different" as const) };
    if (found !== manifest && !options.signDifferent) return { ...said, state: "unsigned" };
    return { ...said, ...(await state(wanted, { found, lock: lock.file.sha256 }, options, dependencies)) };
  });
}

async function reproduce(wanted: WantedImage, options: AttestOptions, dependencies: AttestDependencies): Promise<Digest> {
  const { name, rebuild, directory: _directory, signDifferent: _signDifferent, ...build } = options;
  if (rebuild) await rebuildChain(wanted.chain, build, dependencies);
  const result = await reproducedDigest(wanted.chain, dependencies);
  if (result.kind === "reproduced") return result.digest;
  const what = result.name === name ? name : `${result.name}, which ${name} stands on,`;
  throw new RbuildError("attest.not-built-here", `${what} was not built on this machine from its lock as it is now: what was fetched proves nothing`, {
    category: "refused",
    hint: `rbuild image attest ${name} --rebuild`,
    details: { name, level: result.name },
  });
}

async function state(
  wanted: WantedImage,
  { found, lock }: Pick<Verdict, "found" | "lock">,
  { directory, signal }: AttestOptions,
  { root, clock, version, openSigner }: AttestDependencies,
): Promise<Pick<Attested, "state" | "rebuilder" | "path">> {
  const level = wanted.chain.images.at(-1);
  if (!level) throw new TypeError("a chain of images is not empty");
  const signer = await openSigner();
  requireRebuilder(signer, root);
  const { name, manifest, architecture } = wanted;
  const place = join(resolve(directory), `${name}_${wanted.version}_${architecture}_${shortDigest(manifest)}`);
  const before = await lastVerdict(place, manifest, signer);
  const facts: VerdictFacts = {
    name,
    version: wanted.version,
    architecture,
    compatibilityVersion: level.lock.compatibilityVersion,
    manifest,
    lock,
    found,
    revision: (before?.revision ?? 0) + 1,
    tool: { name: "rbuild", version },
  };
  if (before?.found === found && before.lock === lock)
    return { state: "present", rebuilder: signer.fingerprint, path: join(place, fileName(signer, before.revision)) };
  if (facts.revision > MAX_REVISIONS)
    throw new RbuildError("attest.too-many-revisions", `${signer.fingerprint} has judged ${name} ${wanted.version} ${MAX_REVISIONS} times already`, {
      category: "refused",
      hint: "publish the image under a new version",
    });
  const made = await makeVerdict(facts, signer, root, { now: clock.now(), ...(signal ? { signal } : {}) });
  const path = join(place, fileName(signer, facts.revision));
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(repositoryPaths.signature(path), made.signature);
  await writeFileAtomic(path, made.bytes);
  return { state: "signed", rebuilder: signer.fingerprint, path };
}

const fileName = ({ fingerprint }: Signer, revision: number): string => `${fingerprint}.${revision}.json`;

/** The newest that this rebuilder gave on an image. @throws RbuildError `attest.damaged` */
async function lastVerdict(directory: string, manifest: Digest, signer: Signer): Promise<Verdict | undefined> {
  const source = openDirectorySource(directory);
  let last: Verdict | undefined;
  for (let revision = 1; revision <= MAX_REVISIONS; revision++) {
    const path = fileName(signer, revision);
    const received = await source.read(path, MAX_BYTES.verdict);
    if (received.kind === "absent") break;
    const parsed = received.kind === "bytes" ? parseVerdict(received.bytes, path) : undefined;
    if (!parsed || isRefusal(parsed) || parsed.manifest !== manifest)
      throw new RbuildError("attest.damaged", `${join(directory, path)} is not the verdict that its name says`, {
        category: "invalid",
        hint: "restore it, or name another directory with --to",
      });
    last = parsed;
  }
  return last;
}
