import type { RevocationReason, Role, RoleChange } from "../../rbuild/trust/index.ts";
import { RbuildError } from "../../system/errors.ts";

type Fingerprint = RoleChange["keys"][number];

/** What `--sign-with` and `--signer` say: the key that gpg knows, or a file with a secret key. */
export type SignerChoice = { readonly kind: "gpg"; readonly user: string } | { readonly kind: "file"; readonly path: string };

export const REASONS = ["compromised", "lost", "retired", "superseded"] as const satisfies readonly RevocationReason[];
const ROLE_NAMES: readonly string[] = ["root", "publisher", "freshness", "rebuilder"] satisfies readonly Role[];

/** All throw RbuildError `cli.invalid-value`. Spaces in a fingerprint, as gpg prints them, are left out. */
export function parseFingerprint(text: string): Fingerprint {
  const plain = text.replaceAll(/\s/g, "").replace(/^0x/i, "").toUpperCase();
  if (!/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(plain)) throw invalid(text, "a whole fingerprint: 40 or 64 hex digits");
  return plain as Fingerprint;
}

/** `root=2:FPR,FPR,FPR`; without a number, one of them is enough. Rebuilders may have the number 0. */
export function parseRole(text: string, before: ReadonlyMap<Role, RoleChange> = new Map()): ReadonlyMap<Role, RoleChange> {
  const [, role = "", threshold = "1", keys = ""] = /^([a-z]+)=(?:(\d{1,2}):)?(.+)$/.exec(text) ?? [];
  if (!ROLE_NAMES.includes(role) || (Number(threshold) === 0 && role !== "rebuilder"))
    throw invalid(text, "ROLE=FINGERPRINT,… or ROLE=NUMBER:FINGERPRINT,… with one of the roles root, publisher, freshness, rebuilder");
  return new Map([...before, [role as Role, { threshold: Number(threshold), keys: keys.split(",").map(parseFingerprint) }]]);
}

/** `gpg:FINGERPRINT`, or the path of a file with a secret key, with `file:` before it or not. */
export function parseSigner(text: string, before: readonly SignerChoice[] = []): readonly SignerChoice[] {
  const [, kind = "file", value = ""] = /^(?:(gpg|file):)?(.*)$/s.exec(text) ?? [];
  if (value === "") throw invalid(text, "gpg:FINGERPRINT or the path of a secret key");
  return [...before, kind === "gpg" ? { kind, user: value } : { kind: "file", path: value }];
}

export function parseDays(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw invalid(text, "a number of days, 1 or more");
  return Number(text);
}

/** What holds for a role's files at most, as clients see it. */
export const parseDaysUpTo =
  (most: number) =>
  (text: string): number => {
    const days = parseDays(text);
    if (days > most) throw invalid(text, `a number of days up to ${most}: clients refuse what wants to be believed for longer`);
    return days;
  };

export function parseVersionNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw invalid(text, "a version number, 1 or more");
  return Number(text);
}

export function parseFileDescriptor(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw invalid(text, "the number of an open file descriptor");
  return Number(text);
}

function invalid(text: string, wanted: string): RbuildError {
  return new RbuildError("cli.invalid-value", `${JSON.stringify(text.slice(0, 200))} is not ${wanted}`, { category: "invalid" });
}
