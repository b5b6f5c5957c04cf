import { readdirSync } from "node:fs";
import { chmod, mkdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { type ByteString, byteString, bytesOf, openPath, RbuildError, readInRoot, textOf } from "../../../system/index.ts";
import type { ByteStream } from "../../content/content-store.ts";
import { decompress } from "../../content/decompress.ts";
import { RootWriter } from "../files/root-writer.ts";
import { unpackTar } from "../files/unpack-tar.ts";
import { MAX_DOCKERFILE_BYTES } from "../parse/parse.ts";
import { type IgnoreRules, MAX_IGNORE_BYTES, parseDockerignore } from "./dockerignore.ts";

/** Content of a build context, at most. */
export const MAX_CONTEXT_BYTES = 32 * 1024 ** 3;

export interface BuildContext {
  /** Directory with the context's files, those of .dockerignore taken out. */
  readonly directory: string;
  readonly dockerfile: string;
}

/**
 * Unpacks a context (plain or compressed tar) into `directory`, reads the Dockerfile and takes out what .dockerignore names.
 * @throws RbuildError `build.dockerfile-missing`, `build.unsafe-archive`, `build.too-large`, `tar.malformed`, `tar.truncated`
 */
export async function receiveContext(
  tar: ByteStream,
  directory: string,
  options: { readonly dockerfile?: string; readonly signal?: AbortSignal },
): Promise<BuildContext> {
  const signal = options.signal ? { signal: options.signal } : {};
  // What COPY of the whole context makes has this mode; whom it may concern is for the directory above to say.
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
  {
    using writer = new RootWriter(directory);
    const owner = { uid: 0, gid: 0 };
    await unpackTar(decompress(tar, signal), writer, "" as ByteString, { owner, maxBytes: MAX_CONTEXT_BYTES, what: "the build context", ...signal });
    writer.finish();
  }
  const name = options.dockerfile ?? "Dockerfile";
  const dockerfile = readInside(directory, name, MAX_DOCKERFILE_BYTES);
  if (dockerfile === undefined) {
    throw new RbuildError("build.dockerfile-missing", `the build context has no file ${JSON.stringify(name)}`, {
      category: "invalid",
      hint: "name the Dockerfile with --file, its path inside the context",
      details: { dockerfile: name },
    });
  }
  const ignore = readInside(directory, `${name}.dockerignore`, MAX_IGNORE_BYTES) ?? readInside(directory, ".dockerignore", MAX_IGNORE_BYTES);
  if (ignore !== undefined) await prune(Buffer.from(directory), "" as ByteString, parseDockerignore(ignore));
  return { directory, dockerfile };
}

/** A file below a root whose links are not trusted. @throws RbuildError `file.too-large` */
function readInside(root: string, path: string, maxBytes: number): string | undefined {
  using directory = openPath(root);
  const bytes = readInRoot(directory, path, maxBytes + 1);
  if (bytes && bytes.byteLength > maxBytes) {
    throw new RbuildError("file.too-large", `${path} of the build context has over ${maxBytes} bytes; at most that many are read`, { category: "invalid" });
  }
  return bytes?.toString("utf8");
}

/** Removes what is ignored below a directory. True when nothing is left of it. */
async function prune(root: Buffer, directory: ByteString, rules: IgnoreRules): Promise<boolean> {
  const absolute = directory === "" ? root : Buffer.concat([root, Buffer.from("/"), bytesOf(directory)]);
  let left = 0;
  for (const entry of readdirSync(absolute, { encoding: "buffer", withFileTypes: true })) {
    const name = byteString(entry.name);
    const path = (directory === "" ? name : `${directory}/${name}`) as ByteString;
    const place = Buffer.concat([root, Buffer.from("/"), bytesOf(path)]);
    const isIgnored = rules.ignores(textOf(path));
    if (isIgnored && !(entry.isDirectory() && rules.hasExceptions)) {
      await rm(place, { recursive: true, force: true });
    } else if (entry.isDirectory() && (await prune(root, path, rules)) && isIgnored) {
      await rmdir(place);
    } else {
      left++;
    }
  }
  return left === 0;
}

/** Where a build's context lies below its workspace. */
export const contextDirectory = (workspace: string): string => join(workspace, "context");
