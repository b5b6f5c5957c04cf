import { z } from "zod";
import { bytesFields, digestField, isAscending, repositoryField, timeField, versionField } from "./fields.ts";
import { digestInPath } from "./paths.ts";

const name = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
  .max(64);
const MAX_FILES = 200_000;

function fileSchema(directory: "blobs" | "encoded" | "deltas" | "locks" | "pool") {
  return z
    .strictObject({ path: z.string().max(160), ...bytesFields })
    .refine(({ path, sha256 }) => path.startsWith(`${directory}/`) && digestInPath(path) === sha256, {
      path: ["path"],
      error: "is not the path of its digest",
    });
}

const file = fileSchema("blobs");
const encoded = fileSchema("encoded").safeExtend({ encoding: z.enum(["gzip", "zstd"]) });
const lock = fileSchema("locks");
const packageFile = fileSchema("pool");

/** One blob of an OCI image: the bytes that its digest names, and files that these bytes can be had from. */
const blob = z
  .strictObject({
    digest: digestField,
    size: bytesFields.size,
    /** The bytes as they are; absent where only encodings are kept. */
    plain: file.exactOptional(),
    /** The same bytes, encoded for the way; one of each encoding. */
    encodings: z.array(encoded).max(2),
  })
  .check(({ value, issues }) => {
    const refuse = (path: string, message: string) => issues.push({ code: "custom", path: [path], message, input: value });
    if (value.plain && (value.plain.sha256 !== value.digest || value.plain.size !== value.size)) refuse("plain", "is not the blob");
    if (!value.plain && value.encodings.length === 0) refuse("encodings", "the blob has no file");
    if (!isAscending(value.encodings.map(({ encoding }) => encoding))) refuse("encodings", "must be sorted, each once");
  });

/** What an index says of an image. */
export const imageSchema = z.strictObject({
  name,
  version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  /** Debian's name of it. */
  architecture: z.enum(["amd64", "arm64"]),
  /** Sorted. At most one image of a name and an architecture is in a channel. */
  channels: z.array(name).max(16).refine(isAscending, "must be sorted, each once"),
  compatibilityVersion: z.int().min(1),
  released: timeField,
  /** Blobs: the manifest, which names config and layers again; layers are uncompressed tar. */
  manifest: digestField,
  config: digestField,
  layers: z.array(digestField).min(1).max(128),
  /** The lock it can be rebuilt from. */
  lock: digestField,
});

/** Makes one blob from another that the client has. It is trusted for nothing: the digest of what comes out decides. */
const delta = fileSchema("deltas").safeExtend({
  method: z.literal("zstd-patch-from"),
  from: digestField,
  to: digestField,
  /** Memory that undoing it takes besides the blob it starts from, bytes. */
  window: z
    .int()
    .min(1)
    .max(2 ** 31),
});

/** `index/<version>.<sha256>.json`: everything that the repository has. docs/repository-format.md, "Index". */
export const indexSchema = z
  .strictObject({
    type: z.literal("index"),
    formatVersion: z.literal(1),
    repository: repositoryField,
    version: versionField,
    issued: timeField,
    expires: timeField,
    /** Sorted by name, version, architecture. */
    images: z.array(imageSchema).max(10_000),
    /** Sorted by digest. */
    blobs: z.array(blob).max(MAX_FILES),
    /** Each sorted by path. */
    deltas: z.array(delta).max(MAX_FILES),
    locks: z.array(lock).max(MAX_FILES),
    pool: z.array(packageFile).max(MAX_FILES),
  })
  .check(({ value, issues }) => {
    const refuse = (path: PropertyKey[], message: string) => issues.push({ code: "custom", path, message, input: value });
    if (value.expires <= value.issued) refuse(["expires"], "is not after issued");
    const blobs = new Set(value.blobs.map(({ digest }) => digest));
    const locks = new Set(value.locks.map(({ sha256 }) => sha256));
    if (!isAscending(value.images.map(({ name: image, version, architecture }) => `${image}\0${version}\0${architecture}`)))
      refuse(["images"], "must be sorted, each once");
    if (!isAscending(value.blobs.map(({ digest }) => digest))) refuse(["blobs"], "must be sorted, each once");
    for (const list of ["deltas", "locks", "pool"] as const)
      if (!isAscending(value[list].map(({ path }) => path))) refuse([list], "must be sorted by path, each once");
    const taken = new Set<string>();
    for (const [position, { name: image, architecture, channels, manifest, config, layers, lock: itsLock }] of value.images.entries()) {
      for (const digest of [manifest, config, ...layers]) if (!blobs.has(digest)) refuse(["images", position], `no blob has its ${digest}`);
      if (!locks.has(itsLock)) refuse(["images", position, "lock"], "is not among the locks");
      for (const channel of channels) {
        const place = `${image} ${architecture} ${channel}`;
        if (taken.has(place)) refuse(["images", position, "channels"], `${channel} has another image of that name`);
        taken.add(place);
      }
    }
    for (const [position, { to }] of value.deltas.entries()) if (!blobs.has(to)) refuse(["deltas", position, "to"], "is no blob");
  });

export type RepositoryIndex = Readonly<z.infer<typeof indexSchema>>;
