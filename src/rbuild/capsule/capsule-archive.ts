import { createReadStream } from "node:fs";
import { digestOf } from "../../oci/index.ts";
import { byteString, RbuildError, type TarInput, tarHeader } from "../../system/index.ts";
import { digestOfFile } from "../digest-of-file.ts";
import { verifiedBytes } from "../verified-bytes.ts";
import { type TarFileOptions, writeTarFile } from "../write-tar-file.ts";
import { CAPSULE_FILE, CAPSULE_ROOT, type CapsuleManifest, type CapsuleMember, capsuleManifestText } from "./capsule-manifest.ts";

/** A member and where its bytes come from. */
export interface CapsuleSource extends CapsuleMember {
  open(): AsyncIterable<Uint8Array>;
}

/** A text that is made for the capsule. */
export function textSource(path: string, text: string, mode: CapsuleMember["mode"] = "0644"): CapsuleSource {
  const bytes = Buffer.from(text, "utf8");
  return { path, mode, size: bytes.byteLength, sha256: digestOf(bytes), open: () => once(bytes) };
}

/** A file as it is now: read once to know it, and once more when it is written, which must give the same bytes. */
export async function fileSource(path: string, file: string, mode: CapsuleMember["mode"] = "0644"): Promise<CapsuleSource> {
  const { size, digest } = await digestOfFile(file);
  const open = () => verifiedBytes(createReadStream(file) as AsyncIterable<Buffer>, { size, digest }, () => changed(file));
  return { path, mode, size, sha256: digest, open };
}

function changed(file: string): RbuildError {
  return new RbuildError("capsule.source-changed", `${file} was changed while the capsule was written`, {
    category: "conflict",
    hint: "write the capsule again",
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/**
 * Writes a capsule: all of it or nothing, with the same bytes for the same members.
 * @param sources in the order of the manifest's members
 */
export function writeCapsule(path: string, manifest: CapsuleManifest, sources: readonly CapsuleSource[], options: TarFileOptions = {}) {
  return writeTarFile(path, entries(manifest, sources), options);
}

function* entries(manifest: CapsuleManifest, sources: readonly CapsuleSource[]): Generator<TarInput, void, undefined> {
  for (const source of [textSource(CAPSULE_FILE, capsuleManifestText(manifest)), ...sources]) {
    const { path, mode, size } = source;
    const header = tarHeader({ path: byteString(`${CAPSULE_ROOT}/${path}`), kind: "file", mode: Number.parseInt(mode, 8), size });
    // A body is opened when it is its turn.
    yield { ...header, body: { [Symbol.asyncIterator]: () => source.open()[Symbol.asyncIterator]() } };
  }
}
