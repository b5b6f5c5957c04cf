import { createReadStream } from "node:fs";
import { readdir, readlink, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { canonicalJson, type Digest, DigestHasher, digestOf } from "../../../oci/index.ts";
import { byteString, type TarInput, tarHeader, writeTar } from "../../../system/tar/index.ts";
import { DEFINITION_FILE } from "../../definition/read-definition.ts";
import { PIN_FILE } from "../pin/pin-file.ts";

/** A file of a Dockerfile's context. */
interface ContextFile {
  /** Relative to the context, with `/`. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  readonly executable: boolean;
  readonly target: string;
  readonly size: number;
}

/** Files that are about the image and not of it, and what editors leave. */
const isLeftOut = (path: string) => path === DEFINITION_FILE || path === PIN_FILE || /~$|(?:^|\/)\.[^/]*\.sw[a-p]$/.test(path);

/** Everything in a definition's directory but the definition and its pin, in byte order. */
export async function listContext(directory: string): Promise<ContextFile[]> {
  const found: ContextFile[] = [];
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    const full = join(entry.parentPath, entry.name);
    const path = relative(directory, full);
    if (isLeftOut(path)) continue;
    if (entry.isSymbolicLink()) found.push({ path, kind: "symlink", executable: false, target: await readlink(full), size: 0 });
    else if (entry.isDirectory()) found.push({ path, kind: "directory", executable: true, target: "", size: 0 });
    else if (entry.isFile()) {
      const { mode, size } = await stat(full);
      found.push({ path, kind: "file", executable: (mode & 0o100) !== 0, target: "", size });
    }
  }
  return found.sort((a, b) => (byteString(a.path) < byteString(b.path) ? -1 : 1));
}

/** Covers names, contents and executable bits: what Git keeps of a file, and nothing that a checkout's umask, owner or time decide. */
export async function contextDigest(directory: string): Promise<Digest> {
  const files = await Promise.all(
    (await listContext(directory)).map(async ({ path, kind, executable, target }) => ({
      path,
      kind,
      executable,
      target,
      content: kind === "file" ? await fileDigest(join(directory, path)) : "",
    })),
  );
  return digestOf(canonicalJson(files));
}

async function fileDigest(path: string): Promise<Digest> {
  const hasher = new DigestHasher();
  for await (const chunk of createReadStream(path)) hasher.update(chunk as Buffer);
  return hasher.digest();
}

/** The context as a tar whose bytes depend on what `contextDigest` covers and on the time alone. */
export async function writeContext(directory: string, sourceDateEpoch: number): Promise<AsyncIterable<Buffer>> {
  const files = await listContext(directory);
  async function* entries(): AsyncGenerator<TarInput, void, undefined> {
    const common = { mtime: { seconds: sourceDateEpoch, nanoseconds: 0 } };
    for (const { path, kind, executable, target, size } of files) {
      const mode = kind === "symlink" ? 0o777 : executable ? 0o755 : 0o644;
      const header = tarHeader({ ...common, path: byteString(kind === "directory" ? `${path}/` : path), kind, mode, size, linkPath: byteString(target) });
      yield kind === "file" ? { ...header, body: createReadStream(join(directory, path)) as AsyncIterable<Uint8Array> } : header;
    }
  }
  return writeTar(entries());
}
