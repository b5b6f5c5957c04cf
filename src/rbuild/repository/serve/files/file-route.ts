import { digestOf } from "../../../../oci/index.ts";
import { type Answer, type Asked, notFound } from "../http/answer.ts";
import { bytesAnswer, fileAnswer } from "../http/file-answer.ts";
import { knownPath } from "./known-paths.ts";
import type { OpenedFile, OpenFiles } from "./open-files.ts";

const FOR_EVER = "public, max-age=31536000, immutable";

/** The repository's own files. Nothing is encoded on the way: a file is always the bytes that its digest names. */
export async function fileRoute(asked: Asked, files: OpenFiles): Promise<Answer> {
  const known = knownPath(asked.path.slice(1));
  const file = known && (await files.open(known.path, known.kind === "content"));
  if (!known || !file) return notFound();
  const headers = { "Content-Type": known.mediaType, "Cache-Control": known.kind === "metadata" && known.changes ? "no-cache" : FOR_EVER };
  if (known.kind === "content") return fileAnswer(asked, file, { etag: etagOf(known.digest), headers });
  const bytes = await readWhole(file, known.maxBytes);
  return bytes ? bytesAnswer(asked, bytes, { etag: etagOf(digestOf(bytes)), headers }) : notFound();
}

export const etagOf = (digest: string): string => `"${digest}"`;

/** All bytes of a file, which is closed. Undefined when it has more than it may. */
export async function readWhole(file: OpenedFile, maxBytes: number): Promise<Buffer | undefined> {
  using opened = file;
  if (opened.size > maxBytes) return undefined;
  const buffer = Buffer.alloc(opened.size);
  const { bytesRead } = await opened.handle.read(buffer, 0, buffer.byteLength, 0);
  return buffer.subarray(0, bytesRead);
}
