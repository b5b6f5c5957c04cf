import { constants } from "node:fs";
import { lstat, open, readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DigestHasher } from "../../oci/index.ts";
import { isSystemError } from "../../system/index.ts";
import { CAPSULE_FILE, type CapsuleManifest, type CapsuleMember, invalidCapsule, MAX_CAPSULE_JSON_BYTES, parseCapsuleManifest } from "./capsule-manifest.ts";
import { checkDigest, damaged, type UnpackOptions } from "./unpack-capsule.ts";

/**
 * Verifies a capsule that was unpacked by whatever means: every member is there as a plain file with the bytes it must have.
 * @throws RbuildError `capsule.invalid`, `capsule.damaged`
 */
export async function verifyUnpacked(directory: string, options: Pick<UnpackOptions, "signal" | "onProgress"> = {}): Promise<CapsuleManifest> {
  const file = join(directory, CAPSULE_FILE);
  const found = await lstat(file).catch(ifThere);
  if (!found?.isFile()) throw invalidCapsule(`${directory} has no file ${CAPSULE_FILE}`);
  if (found.size > MAX_CAPSULE_JSON_BYTES) throw invalidCapsule(`${CAPSULE_FILE} has ${found.size} bytes; at most ${MAX_CAPSULE_JSON_BYTES} are read`);
  const manifest = parseCapsuleManifest(await readFile(file));
  const top = await realpath(directory);
  const checked = new Set<string>();
  let bytes = 0;
  for (const member of manifest.members) {
    options.signal?.throwIfAborted();
    const parent = dirname(join(top, member.path));
    if (!checked.has(parent) && (await realpath(parent).catch(ifThere)) !== parent) throw damaged(member.path, "its directory is missing or a link");
    checked.add(parent);
    await verifyMember(join(top, member.path), member);
    bytes += member.size;
    options.onProgress?.(bytes);
  }
  return manifest;
}

async function verifyMember(place: string, { path, mode, size, sha256 }: CapsuleMember): Promise<void> {
  const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT", "ELOOP", "ENXIO")) return undefined;
    throw error;
  });
  if (!handle) throw damaged(path, "it is not there as a plain file");
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.size !== size) throw damaged(path, `it is not a plain file of ${size} bytes`);
    if (((found.mode & 0o100) !== 0) !== (mode === "0755")) throw damaged(path, `its mode is not ${mode}`);
    const hasher = new DigestHasher();
    for await (const chunk of handle.createReadStream({ autoClose: false })) hasher.update(chunk as Buffer);
    checkDigest(hasher, { path, sha256 });
  } finally {
    await handle.close();
  }
}

function ifThere(error: unknown): undefined {
  if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
  throw error;
}
