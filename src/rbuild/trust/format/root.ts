import { z } from "zod";
import { digestField, fingerprintField, isAscending, repositoryField, timeField, versionField } from "./fields.ts";

export const ROLES = ["root", "publisher", "freshness", "rebuilder"] as const;
/** `root` signs roots, `publisher` the index, `freshness` says which index is current, `rebuilder` that it got the same bytes. */
export type Role = (typeof ROLES)[number];

/** Who may sign as a role, and how many of them must. */
const roleSchema = z
  .strictObject({ keys: z.array(fingerprintField).max(32).refine(isAscending, "must be sorted, each once"), threshold: z.int().min(1).max(32) })
  .refine(({ keys, threshold }) => threshold <= keys.length, "has fewer keys than its threshold");
/** `rebuilder` may have no keys, and a threshold of 0: their verdicts are then shown, and not demanded. */
const rebuilderSchema = z.union([
  roleSchema,
  roleSchema.safeExtend({ threshold: z.literal(0) }),
  z.strictObject({ keys: z.array(fingerprintField).max(0), threshold: z.literal(1) }),
]);

/** `root/<version>.json`: whom to trust for what. docs/repository-format.md, "Root". */
export const rootSchema = z
  .strictObject({
    type: z.literal("root"),
    formatVersion: z.literal(1),
    repository: repositoryField,
    version: versionField,
    /** SHA-256 of the root before; not in version 1. */
    previous: digestField.exactOptional(),
    issued: timeField,
    expires: timeField,
    /** No older index or freshness is accepted, even by those who have seen none. */
    floors: z.strictObject({ index: versionField, freshness: versionField }),
    /** Of every key that a role names, and of no other; sorted by fingerprint. */
    certificates: z.array(z.strictObject({ fingerprint: fingerprintField, armored: z.string().max(64 * 1024) })).max(64),
    roles: z.strictObject({ root: roleSchema, publisher: roleSchema, freshness: roleSchema, rebuilder: rebuilderSchema }),
    /** Keys that must never count again; sorted by fingerprint. */
    revoked: z
      .array(z.strictObject({ fingerprint: fingerprintField, reason: z.enum(["compromised", "lost", "retired", "superseded"]), since: timeField }))
      .max(256),
  })
  .check(({ value, issues }) => {
    const refuse = (path: string, message: string) => issues.push({ code: "custom", path: [path], message, input: value });
    if ((value.previous === undefined) !== (value.version === 1)) refuse("previous", "belongs to every version but 1");
    if (value.expires <= value.issued) refuse("expires", "is not after issued");
    const known = value.certificates.map(({ fingerprint }) => fingerprint);
    const revoked = value.revoked.map(({ fingerprint }) => fingerprint);
    const used = new Set(ROLES.flatMap((role) => value.roles[role].keys));
    if (!isAscending(known)) refuse("certificates", "must be sorted, each once");
    if (!isAscending(revoked)) refuse("revoked", "must be sorted, each once");
    for (const fingerprint of used) if (!known.includes(fingerprint)) refuse("certificates", `lacks ${fingerprint}`);
    for (const fingerprint of known) if (!used.has(fingerprint)) refuse("certificates", `${fingerprint} has no role`);
    for (const fingerprint of revoked) if (used.has(fingerprint)) refuse("revoked", `${fingerprint} still has a role`);
  });

export type Root = Readonly<z.infer<typeof rootSchema>>;
export type RevocationReason = Root["revoked"][number]["reason"];
