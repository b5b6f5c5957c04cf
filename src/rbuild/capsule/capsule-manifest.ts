import { z } from "zod";
import { canonicalJson, type Digest, isDigest } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";

/** First member of a capsule: docs/capsule.md. */
export const CAPSULE_FILE = "capsule.json";
/** Every member is below this directory. */
export const CAPSULE_ROOT = "capsule";
/** Hundred thousand members. */
export const MAX_CAPSULE_JSON_BYTES = 32 * 2 ** 20;
const MAX_MEMBER_BYTES = 64 * 2 ** 30;

const digest = z.custom<Digest>(isDigest, { error: "must be sha256:<64 lower-case hex>" });
const objectName = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "must be a Git object name");
const refName = z.string().regex(/^refs\/(?!.*(?:\.\.|\/\.|\.lock(?:\/|$)|@\{|\/\/))[^\0-\x20\x7f~^:?*[\\]{1,500}$/, "must be a full ref name");
/** Below the capsule's directory: no empty part, `.` or `..`, nothing but printable ASCII. */
const memberPath = z
  .string()
  .max(1024)
  .regex(/^(?!.*(?:^|\/)\.{0,2}(?:\/|$))[\x21-\x5b\x5d-\x7e]+$/, "must be a plain relative path");
const treePath = z
  .string()
  .max(4096)
  .regex(/^(?:\.|(?!.*(?:^|\/)\.{0,2}(?:\/|$))[^\0]+)$/, "must be a plain relative path");

const memberSchema = z.strictObject({
  path: memberPath,
  /** Octal permission bits. */
  mode: z.enum(["0644", "0755"]),
  size: z.int().min(0).max(MAX_MEMBER_BYTES),
  sha256: digest,
});

const capsuleManifestSchema = z.strictObject({
  kind: z.literal("org.rbuild.capsule"),
  schema: z.literal(1),
  /** Debian's name of what the images, the packages and the contained Node are for. */
  architecture: z.enum(["amd64", "arm64"]),
  tools: z.strictObject({ rbuild: z.string().max(64), node: z.string().max(64), compatibilityVersion: z.int().min(1) }),
  /** What the Git bundle has, and what the build is told of the tree. */
  tree: z.strictObject({
    commit: objectName,
    /** Branch at HEAD, or tag when it is detached at one. */
    ref: refName.nullable(),
    tag: z.string().max(500).nullable(),
    baseBranch: z.strictObject({ name: z.string().max(500), mergeBase: objectName }).nullable(),
    sourceDateEpoch: z.int().min(0),
    /** Names in the bundle and what they point at. */
    refs: z.record(refName, objectName),
    /** The project's directory below the work tree's top, `.` for the top itself. */
    directory: treePath,
    target: z.string().max(200),
  }),
  /** The images that the build needs, each after the one it stands on, with the digests that they must get. */
  images: z.array(z.strictObject({ name: z.string().max(100), version: z.string().max(64), lock: digest, digest, imageId: digest })).min(1),
  /** What the build made where the capsule was written; absent when that is not known. */
  artifacts: z.array(z.strictObject({ path: treePath, size: z.int().min(0), digest })).exactOptional(),
  /** Everything else in the archive, in its order, which is that of the paths' bytes. */
  members: z.array(memberSchema),
});

export type CapsuleManifest = Readonly<z.infer<typeof capsuleManifestSchema>>;
export type CapsuleMember = Readonly<z.infer<typeof memberSchema>>;

/** @throws RbuildError `capsule.invalid` */
export function parseCapsuleManifest(bytes: Uint8Array): CapsuleManifest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw invalidCapsule(`${CAPSULE_FILE} is not JSON`, error);
  }
  const parsed = capsuleManifestSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalidCapsule(`${CAPSULE_FILE}: ${issue?.path.map(String).join(".") || "it"}: ${issue?.message ?? "does not fit"}`);
  }
  checkMembers(parsed.data.members);
  return parsed.data;
}

function checkMembers(members: readonly CapsuleMember[]): void {
  for (const [index, { path }] of members.entries()) {
    const before = members[index - 1]?.path;
    if (before !== undefined && before >= path) throw invalidCapsule(`${CAPSULE_FILE}: ${path} stands after ${before}`);
    // A file where another member needs a directory.
    if (before !== undefined && path.startsWith(`${before}/`)) throw invalidCapsule(`${CAPSULE_FILE}: ${before} is a file and a directory`);
  }
}

/** The same bytes for the same capsule. */
export function capsuleManifestText(manifest: CapsuleManifest): string {
  const { members, ...head } = manifest;
  const lines = members.map((member) => canonicalJson(member)).join(",\n");
  return `${canonicalJson(head).slice(0, -1)},"members":[\n${lines}\n]}\n`;
}

export function invalidCapsule(why: string, cause?: unknown): RbuildError {
  return new RbuildError("capsule.invalid", `this is no capsule that can be read: ${why}`, {
    category: "invalid",
    hint: "get the file again; a capsule is written by rbuild capsule create",
    cause,
  });
}
