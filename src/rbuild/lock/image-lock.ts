import { z } from "zod";
import { type Digest, isDigest } from "../../oci/index.ts";

/** Beside `image.yaml`. What is kept of the archives (InRelease, keyring) is in `<LOCK_FILE minus .json>.d/`. */
export const LOCK_FILE = "image.lock.json";
export const LOCK_DIRECTORY = "image.lock.d";
/** Of any lock file: some 40 000 packages. */
export const MAX_LOCK_BYTES = 16 * 2 ** 20;

const digest = z.custom<Digest>(isDigest, { error: "must be sha256:<64 lower-case hex>" });
const archiveName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
/** Relative to an archive's root; no component is `.` or `..`. */
const archivePath = z
  .string()
  .max(1024)
  .regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9][A-Za-z0-9._+~:%-]*(?:\/[A-Za-z0-9._+~:%-]+)*$/, "must be a plain path in the archive");
const MAX_PACKAGE_BYTES = 4 * 2 ** 30;

/** One binary package, exactly. */
export const lockedPackageSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/),
  version: z.string().regex(/^[A-Za-z0-9.+:~-]{1,256}$/),
  /** Debian's name of it, or `all`. */
  architecture: z.string().regex(/^[a-z0-9-]{1,32}$/),
  /** Bytes. */
  size: z.int().min(1).max(MAX_PACKAGE_BYTES),
  sha256: digest,
  /** The `Filename` of its index entry: `pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb`. */
  path: archivePath,
  /** Name of its source package, and its version where that is another: `gcc-12 12.2.0-14`. */
  source: z.string().max(512),
  archive: archiveName,
});

/** The state of one suite that packages were chosen from. */
export const lockedArchiveSchema = z.strictObject({
  archive: archiveName,
  suite: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  components: z.array(z.string().regex(/^[a-z0-9-]+$/)).min(1),
  /** `Version` of the Release file, empty where it has none. */
  version: z.string().max(64),
  /** `Date` and `Valid-Until`, seconds since 1970. */
  date: z.int().min(0),
  validUntil: z.int().min(0).exactOptional(),
  /** Of the InRelease, which is kept. */
  inRelease: digest,
  /** Of the certificates that it was checked with, which are kept. */
  keyring: digest,
  /** Fingerprints of the primary keys whose signatures were good, upper-case hex, in byte order. */
  signedBy: z.array(z.string().regex(/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/)).min(1),
  /** The package indexes that were read, as InRelease names them; `path` is relative to the archive's root. */
  indexes: z.array(z.strictObject({ path: archivePath, size: z.int().min(0), sha256: digest })),
});

const architectureLockSchema = z.strictObject({
  /** What the image has on top of the one it stands on, sorted by the bytes of name and architecture. */
  packages: z.array(lockedPackageSchema),
  /** What its Dockerfile may install besides, same order. */
  offers: z.array(lockedPackageSchema).default([]),
});

/** Content of `images/<name>/image.lock.json`: docs/locks.md. */
export const imageLockSchema = z.strictObject({
  lockVersion: z.literal(1),
  /** Covers everything of this program that the image's bytes depend on: src/rbuild/images/compatibility.ts. */
  compatibilityVersion: z.int().min(1),
  name: z.string(),
  /** Seconds since 1970: of the youngest archive, and never before that of the image below. No file of the image is younger. */
  sourceDateEpoch: z.int().min(0),
  /** When APT chose, seconds since 1970: signatures and Valid-Until are judged as of then. No part of the lock's digest. */
  lockedAt: z.int().min(0),
  /** The fields of the definition that decide what is locked, as they were then; and their digest. */
  wanted: z.record(z.string(), z.json()),
  definition: digest,
  /** The image below and the digest of its lock. */
  from: z.strictObject({ name: z.string(), lock: digest }).exactOptional(),
  archives: z.array(lockedArchiveSchema).min(1),
  architectures: z.partialRecord(z.enum(["amd64", "arm64"]), architectureLockSchema),
});

export type LockedPackage = Readonly<z.infer<typeof lockedPackageSchema>>;
export type LockedArchive = Readonly<z.infer<typeof lockedArchiveSchema>>;
export type ImageLock = Readonly<z.infer<typeof imageLockSchema>>;
export type DebianArchitecture = keyof ImageLock["architectures"];
