import { createReadStream } from "node:fs";
import { join, resolve } from "node:path";
import { withStep } from "../../../make-runner/index.ts";
import type { Digest } from "../../../oci/index.ts";
import { byteString, type Clock, isSystemError, RbuildError, type TarInput, tarHeader } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import { openMemoryStore } from "../../trust/client/memory-store.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import type { CurrentRepository, StaleRepository } from "../../trust/client/verdict.ts";
import { writeCanonical } from "../../trust/format/canonical.ts";
import { repositoryPaths } from "../../trust/format/paths.ts";
import { type MetadataSource, openDirectorySource, updateTrust } from "../../trust/index.ts";
import { refusalError } from "../../trust/refusal.ts";
import { gatherVerdicts, verdictFiles } from "../../trust/verdicts/gather-verdicts.ts";
import { verifiedBytes } from "../../verified-bytes.ts";
import { writeTarFile } from "../../write-tar-file.ts";
import { MAX_MEMBER_BYTES } from "./bundle-paths.ts";
import { type BundledFile, type BundledName, chooseFiles, chooseImages } from "./choose-bundled.ts";

export interface BundleOptions {
  /** The bundle to be written. */
  readonly file: string;
  /** The repository. */
  readonly directory: string;
  readonly names: readonly BundledName[];
  readonly channel: string;
  /** Also the packages that the images are built from. */
  readonly hasPool?: boolean;
  readonly signal?: AbortSignal;
}

export interface BundleDependencies {
  /** Of the checkout's `keys/`. */
  readonly roots: readonly TrustedRoot[];
  readonly report: RbuildReport;
  readonly clock: Clock;
}

export interface BundleOutcome {
  readonly path: string;
  readonly repository: string;
  readonly index: number;
  readonly freshness: number;
  /** Until when it can be believed to be the newest; what is pinned can be had from it after that too. */
  readonly until: string;
  readonly images: readonly { readonly name: string; readonly version: string; readonly architecture: string; readonly digest: string }[];
  readonly files: number;
  /** Of the bundle, bytes. */
  readonly size: number;
  readonly digest: Digest;
}

/**
 * Verifies a repository and writes what a client needs for some of its images into one file: all of it or nothing, with the same bytes
 * for the same state of the repository.
 * @throws RbuildError codes `trust.*`, `repository.no-such-image`, `repository.damaged`
 */
export async function writeBundle(options: BundleOptions, { roots, report, clock }: BundleDependencies): Promise<BundleOutcome> {
  const [path, directory] = [resolve(options.file), resolve(options.directory)];
  return withStep(report, { name: "image.bundle", subject: path }, async (step) => {
    const received = new Map<string, Uint8Array>();
    const verdict = await updateTrust({ checkout: roots, repository: recording(openDirectorySource(directory), received), store: openMemoryStore(), clock });
    if (verdict.kind === "refused") throw refusalError(verdict);
    if (verdict.kind === "stale") {
      const { code, message, hint = "" } = verdict.reason;
      report({ kind: "warning.raised", code, message, hint: verdict.isLapsed ? hint : "renew it first: rbuild image publish DIR --renew" });
    }
    const { index, freshness } = verdict;
    const images = chooseImages(index, options.names, options.channel);
    const files = chooseFiles(index, images, options.hasPool ?? false);
    const metadata = metadataOf(verdict, roots, received);
    for (const image of images) {
      const words = await gatherVerdicts({ image, root: verdict.root, sources: [openDirectorySource(directory)], demanded: 0, now: clock.now() });
      for (const [name, bytes] of verdictFiles(words)) metadata.set(name, bytes);
    }
    const total = files.reduce((sum, file) => sum + file.size, 0);
    const written = await writeTarFile(path, entries(metadata, files, directory), {
      onProgress: (bytes) => step.progress(Math.min(bytes, total), "bytes", total),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    return {
      path,
      repository: index.repository,
      index: index.version,
      freshness: freshness.version,
      until: [freshness.expires, index.expires].sort()[0] ?? "",
      images: images.map(({ name, version, architecture, manifest }) => ({ name, version, architecture, digest: manifest })),
      files: metadata.size + files.length,
      ...written,
    };
  });
}

function recording(source: MetadataSource, received: Map<string, Uint8Array>): MetadataSource {
  return {
    name: source.name,
    async read(path, maxBytes) {
      const found = await source.read(path, maxBytes);
      if (found.kind === "bytes") received.set(path, found.bytes);
      return found;
    },
  };
}

/** All of it as it was verified, whatever happens to the repository meanwhile. The pointer comes first, signatures after what they sign. */
function metadataOf(
  { root, freshness, index }: CurrentRepository | StaleRepository,
  roots: readonly TrustedRoot[],
  received: ReadonlyMap<string, Uint8Array>,
): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  files.set(repositoryPaths.current, writeCanonical({ type: "current", formatVersion: 1, freshness: { version: freshness.version } }));
  const take = (path: string) => {
    for (const name of [path, repositoryPaths.signature(path)]) {
      const bytes = received.get(name);
      if (!bytes) throw new TypeError(`${name} was verified, and is not there`);
      files.set(name, bytes);
    }
  };
  for (let version = 1; version <= root.root.version; version++) {
    const path = repositoryPaths.root(version);
    const known = roots[version - 1];
    if (known) files.set(path, known.bytes).set(repositoryPaths.signature(path), known.signature);
    else take(path);
  }
  take(repositoryPaths.freshness(freshness.version));
  take(repositoryPaths.index(index.version, freshness.index.sha256));
  return files;
}

function* entries(metadata: ReadonlyMap<string, Uint8Array>, files: readonly BundledFile[], directory: string): Generator<TarInput, void, undefined> {
  const header = (path: string, size: number) => tarHeader({ path: byteString(path), kind: "file", mode: 0o644, size });
  for (const [path, bytes] of metadata) yield { ...header(path, bytes.byteLength), body: [bytes] };
  for (const file of files) {
    if (file.size > MAX_MEMBER_BYTES) throw new RangeError(`${file.path} is too large for a bundle`);
    yield { ...header(file.path, file.size), body: { [Symbol.asyncIterator]: () => verified(directory, file) } };
  }
}

async function* verified(directory: string, { path, sha256, size }: BundledFile): AsyncGenerator<Uint8Array, void, undefined> {
  const file = join(directory, path);
  const damaged = () =>
    new RbuildError("repository.damaged", `${file} is not the file that the index names`, {
      category: "untrusted",
      hint: "rbuild image publish DIR --verify, or copy the repository again",
      details: { path, wanted: sha256, size },
    });
  try {
    yield* verifiedBytes(createReadStream(file, { highWaterMark: 2 ** 20, end: size }) as AsyncIterable<Buffer>, { digest: sha256, size }, damaged);
  } catch (error) {
    throw isSystemError(error, "ENOENT", "ENOTDIR") ? damaged() : error;
  }
}
