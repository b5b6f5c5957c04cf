import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, DigestHasher } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { FoundFile } from "./find-artifacts.ts";
import type { Owner } from "./owner.ts";

/** An artifact whose bytes are known. */
export interface StagedArtifact {
  /** Relative to the output. */
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
}

/**
 * Hashes a file, gives it its owner and mode, and waits until the disk has it. The file is opened once, without following
 * a link, and all is done through that descriptor.
 */
export async function stageFile(
  directory: string,
  { path }: Pick<FoundFile, "path">,
  { owner, mode, signal, onBytes }: { readonly owner: Owner; readonly mode: number; readonly signal?: AbortSignal; readonly onBytes?: (bytes: number) => void },
): Promise<StagedArtifact> {
  await using file = await open(join(directory, path), constants.O_RDONLY | constants.O_NOFOLLOW);
  const stat = await file.stat();
  if (!stat.isFile())
    throw new RbuildError("iso.artifact-name", `the artifact ${path} is not a regular file`, {
      category: "invalid",
      hint: "let the target write a regular file",
    });
  const hasher = new DigestHasher();
  for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    hasher.update(chunk);
    onBytes?.(chunk.byteLength);
  }
  if (process.geteuid?.() === 0) await file.chown(owner.uid, owner.gid);
  await file.chmod(mode);
  await file.sync();
  return { path, size: hasher.size, digest: hasher.digest() };
}

/** `sha256sum --check` reads it. In byte order of the paths. */
export function checksumsText(artifacts: readonly StagedArtifact[]): string {
  return artifacts.map(({ path, digest }) => `${digest.slice("sha256:".length)}  ${path}\n`).join("");
}
