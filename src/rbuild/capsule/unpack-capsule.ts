import { mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DigestHasher } from "../../oci/index.ts";
import { isRbuildError, RbuildError, readTar, type TarEntry, textOf } from "../../system/index.ts";
import {
  CAPSULE_FILE,
  CAPSULE_ROOT,
  type CapsuleManifest,
  type CapsuleMember,
  invalidCapsule,
  MAX_CAPSULE_JSON_BYTES,
  parseCapsuleManifest,
} from "./capsule-manifest.ts";

export interface UnpackOptions {
  readonly signal?: AbortSignal;
  /** Told of the manifest before anything is written: what it throws ends the work. */
  readonly onManifest?: (manifest: CapsuleManifest) => Promise<void> | void;
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Unpacks a capsule into an empty directory. Nothing is written but the members that its manifest names, in the order it names them, and
 * each is what the manifest says, or the work ends.
 * @throws RbuildError `capsule.invalid`, `capsule.damaged`
 */
export async function unpackCapsule(archive: AsyncIterable<Uint8Array>, directory: string, options: UnpackOptions = {}): Promise<CapsuleManifest> {
  const entries = readTar(archive);
  try {
    const first = await entries.next();
    const manifestBytes = await readManifest(first.done ? undefined : first.value);
    const manifest = parseCapsuleManifest(manifestBytes);
    await options.onManifest?.(manifest);
    const made = new Set<string>();
    let bytes = 0;
    for (const member of manifest.members) {
      options.signal?.throwIfAborted();
      const next = await entries.next();
      if (next.done) throw damaged(member.path, "it is not there: the archive ends before it");
      checkHeader(next.value, member);
      const place = join(directory, member.path);
      if (!made.has(dirname(place))) await mkdir(dirname(place), { recursive: true, mode: 0o755 });
      made.add(dirname(place));
      await writeMember(place, next.value, member);
      bytes += member.size;
      options.onProgress?.(bytes);
    }
    if (!(await entries.next()).done) throw invalidCapsule(`it has more members than ${CAPSULE_FILE} names`);
    // What is unpacked can be verified again, and built from by itself.
    await writeFile(join(directory, CAPSULE_FILE), manifestBytes, { flag: "wx" });
    return manifest;
  } catch (error) {
    if (isRbuildError(error) && error.code.startsWith("tar.")) throw invalidCapsule(error.message, error);
    throw error;
  } finally {
    await entries.return();
  }
}

async function readManifest(entry: TarEntry | undefined): Promise<Buffer> {
  const path = entry && textOf(entry.path);
  if (!entry || path !== `${CAPSULE_ROOT}/${CAPSULE_FILE}` || entry.kind !== "file")
    throw invalidCapsule(`its first member is not ${CAPSULE_ROOT}/${CAPSULE_FILE}`);
  if (entry.size > MAX_CAPSULE_JSON_BYTES) throw invalidCapsule(`${CAPSULE_FILE} has ${entry.size} bytes; at most ${MAX_CAPSULE_JSON_BYTES} are read`);
  const parts: Buffer[] = [];
  for await (const chunk of entry.body) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

function checkHeader(entry: TarEntry, { path, size }: CapsuleMember): void {
  const found = textOf(entry.path);
  if (found !== `${CAPSULE_ROOT}/${path}`) throw damaged(path, `${JSON.stringify(found.slice(0, 200))} is in its place`);
  if (entry.kind !== "file" || entry.sparse !== undefined) throw damaged(path, `it is a ${entry.kind} and no plain file`);
  if (entry.size !== size) throw damaged(path, `it has ${entry.size} bytes and not ${size}`);
}

async function writeMember(place: string, entry: TarEntry, { path, mode, sha256 }: CapsuleMember): Promise<void> {
  const hasher = new DigestHasher();
  const handle = await open(place, "wx");
  try {
    await handle.chmod(Number.parseInt(mode, 8));
    for await (const chunk of entry.body) {
      hasher.update(chunk);
      await handle.appendFile(chunk);
    }
  } finally {
    await handle.close();
  }
  checkDigest(hasher, { path, sha256 });
}

export function checkDigest(hasher: DigestHasher, { path, sha256 }: Pick<CapsuleMember, "path" | "sha256">): void {
  const found = hasher.digest();
  if (found !== sha256) throw damaged(path, `its SHA-256 is ${found} and not ${sha256}`);
}

export function damaged(path: string, why: string): RbuildError {
  return new RbuildError("capsule.damaged", `the capsule's member ${path} is not what ${CAPSULE_FILE} says: ${why}`, {
    category: "untrusted",
    hint: "get the file again",
    details: { path },
  });
}
