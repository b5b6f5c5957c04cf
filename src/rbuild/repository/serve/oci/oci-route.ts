import { type Digest, digestOf, isDigest, MAX_MANIFEST_BYTES, MEDIA_TYPE } from "../../../../oci/index.ts";
import { etagOf, readWhole } from "../files/file-route.ts";
import type { OpenFiles } from "../files/open-files.ts";
import type { Answer, Asked } from "../http/answer.ts";
import { bytesAnswer, fileAnswer } from "../http/file-answer.ts";
import { openBlob } from "./blob-content.ts";
import type { Blob, Catalog, CatalogName } from "./catalog.ts";

const MAX_PAGE = 1000;
const NAME = "[a-z0-9]+(?:-[a-z0-9]+)*";
const PATHS = {
  manifest: new RegExp(`^/v2/(${NAME})/manifests/([A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64})$`),
  blob: new RegExp(`^/v2/(${NAME})/blobs/(sha256:[0-9a-f]{64})$`),
  tags: new RegExp(`^/v2/(${NAME})/tags/list$`),
};
const VERSION = { "Docker-Distribution-API-Version": "registry/2.0" };
/** A digest names the same bytes for ever; a tag does not. */
const FOR_EVER = "public, max-age=31536000, immutable";

/**
 * The pull side of the OCI distribution specification 1.1 ("end-1" to "end-3", "end-8", and the list of names that clients of Docker ask
 * for). Everything is named by the index.
 */
export async function ociRoute(asked: Asked, files: OpenFiles, catalog: Catalog | undefined): Promise<Answer> {
  const { path } = asked;
  if (path === "/v2/" || path === "/v2") return jsonAnswer(200, {});
  if (!catalog) return failure(503, "UNAVAILABLE", "the repository cannot be read, or its signatures are refused");
  if (path === "/v2/_catalog") return listAnswer(asked, "repositories", [...catalog.names.keys()], {});
  const [, name = "", reference = ""] = PATHS.manifest.exec(path) ?? PATHS.blob.exec(path) ?? PATHS.tags.exec(path) ?? [];
  if (name === "") return failure(404, "UNSUPPORTED", "there is no such endpoint");
  const named = catalog.names.get(name);
  if (!named) return failure(404, "NAME_UNKNOWN", `there is no image ${name}`);
  if (PATHS.tags.test(path)) return listAnswer(asked, "tags", [...named.tags.keys()], { name });
  if (PATHS.manifest.test(path)) return manifestAnswer(asked, files, catalog, named, reference);
  const digest = reference as Digest;
  const blob = named.blobs.has(digest) ? catalog.blobs.get(digest) : undefined;
  return blob ? blobAnswer(asked, files, blob) : failure(404, "BLOB_UNKNOWN", `${name} has no blob ${digest}`);
}

async function manifestAnswer(asked: Asked, files: OpenFiles, catalog: Catalog, named: CatalogName, reference: string): Promise<Answer> {
  const digest = isDigest(reference) ? reference : named.tags.get(reference);
  const list = digest && named.lists.get(digest);
  const blob = digest && named.manifests.has(digest) ? catalog.blobs.get(digest) : undefined;
  const bytes = list ?? (blob && (await manifestBytes(blob, files)));
  if (!digest || !bytes) return failure(404, "MANIFEST_UNKNOWN", `there is no manifest ${reference}`);
  return bytesAnswer(asked, bytes, {
    etag: etagOf(digest),
    headers: {
      ...VERSION,
      "Content-Type": list ? MEDIA_TYPE.index : mediaTypeOf(bytes),
      "Docker-Content-Digest": digest,
      "Cache-Control": isDigest(reference) ? FOR_EVER : "no-cache",
    },
  });
}

/** Undefined when they are not there, or are not those that the digest names. */
async function manifestBytes(blob: Blob, files: OpenFiles): Promise<Uint8Array | undefined> {
  if (blob.size > MAX_MANIFEST_BYTES) return undefined;
  const content = await openBlob(blob, files);
  switch (content.kind) {
    case "plain": {
      const bytes = await readWhole(content.file, MAX_MANIFEST_BYTES);
      return bytes && digestOf(bytes) === blob.digest ? bytes : undefined;
    }
    case "decoded":
      return Buffer.concat(await Array.fromAsync(content.chunks())); // checks size and digest
    case "absent":
      return undefined;
    default:
      return content satisfies never;
  }
}

async function blobAnswer(asked: Asked, files: OpenFiles, blob: Blob): Promise<Answer> {
  const headers = { ...VERSION, "Content-Type": "application/octet-stream", "Docker-Content-Digest": blob.digest, "Cache-Control": FOR_EVER };
  const etag = etagOf(blob.digest);
  const content = await openBlob(blob, files);
  switch (content.kind) {
    case "plain":
      return fileAnswer(asked, content.file, { etag, headers });
    case "decoded":
      // No ranges: each would have to decode all that is before it.
      return {
        status: 200,
        headers: { ...headers, ETag: etag, "Accept-Ranges": "none" },
        body: { kind: "stream", chunks: content.chunks(), length: blob.size },
      };
    case "absent":
      return failure(404, "BLOB_UNKNOWN", `the file of ${blob.digest} is missing`);
    default:
      return content satisfies never;
  }
}

function mediaTypeOf(bytes: Uint8Array): string {
  const { mediaType } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { readonly mediaType?: unknown };
  return typeof mediaType === "string" && /^[\w.+-]+\/[\w.+-]+$/.test(mediaType) ? mediaType : MEDIA_TYPE.manifest;
}

/** With `n` and `last`, a page of it, and where the next one is: the specification's "Content Discovery". */
function listAnswer({ path, query }: Asked, field: string, all: readonly string[], more: Readonly<Record<string, string>>): Answer {
  const parameters = new URLSearchParams(query);
  const [count, last] = [parameters.get("n"), parameters.get("last")];
  const rest = last === null ? all : all.filter((entry) => entry > last);
  const page = rest.slice(0, count !== null && /^\d{1,6}$/.test(count) ? Math.min(Number(count), MAX_PAGE) : MAX_PAGE);
  const end = page.at(-1);
  const next: Record<string, string> =
    page.length < rest.length && end !== undefined ? { Link: `<${path}?n=${page.length}&last=${encodeURIComponent(end)}>; rel="next"` } : {};
  return jsonAnswer(200, { ...more, [field]: page }, next);
}

function failure(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return jsonAnswer(status, { errors: [{ code, message }] }, headers);
}

function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { ...VERSION, "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
    body: { kind: "bytes", bytes: Buffer.from(JSON.stringify(value)) },
  };
}
