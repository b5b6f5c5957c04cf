import { enums } from "openpgp";
import { digestOf } from "../../../../../oci/index.ts";
import { timeText } from "../../../../trust/format/fields.ts";
import type { RepositoryIndex } from "../../../../trust/format/index-file.ts";
import { imageKey } from "../../../publish/index-content.ts";
import { DAY, EXPIRED_SINCE, type LabKey } from "./lab-keys.ts";
import type { Fields, LabRoles } from "./lab-root.ts";
import { packetBomb } from "./packet-bomb.ts";
import type { SigningManner } from "./sign-as.ts";
import type { SignedAttack } from "./signed-attacks.ts";

export interface PlannedSignature extends Partial<SigningManner> {
  readonly by: LabKey;
  /** Not over the file. */
  readonly over?: Uint8Array;
}

interface PlannedFile {
  /** Other than what an honest one has. */
  readonly fields?: Fields;
  readonly signatures?: readonly PlannedSignature[];
  /** What becomes of the text. */
  readonly rewrite?: (text: string) => string;
}

export interface PlannedRoot extends PlannedFile {
  readonly roles?: LabRoles;
}

/** How what is served differs from an honest repository. */
export interface Plan {
  /** From version 2. */
  readonly roots?: readonly PlannedRoot[];
  readonly index?: PlannedFile;
  readonly freshness?: PlannedFile & { readonly version?: number };
}

export interface PlanContext {
  readonly now: Date;
  /** When the lab was made. */
  readonly made: Date;
  readonly images: RepositoryIndex["images"];
}

const single = (root: LabKey, publisher: LabKey, freshness: LabKey): LabRoles => ({
  root: { keys: [root], threshold: 1 },
  publisher: { keys: [publisher], threshold: 1 },
  freshness: { keys: [freshness], threshold: 1 },
});
const signed = (...signatures: readonly PlannedSignature[]): { readonly signatures: readonly PlannedSignature[] } => ({ signatures });
const insertField = (text: string) => ({ index: { rewrite: (whole: string) => whole.replace('  "type": "index"', `  ${text},\n  "type": "index"`) } });

type MakePlan = (context: PlanContext) => Plan;

export const PLANS: Readonly<Record<SignedAttack, MakePlan>> = {
  resigned: () => ({}),
  rotation: () => ({
    roots: [
      { ...signed({ by: "root" }, { by: "second" }), roles: single("second", "publisher", "freshness") },
      { ...signed({ by: "second" }, { by: "stranger" }), roles: single("stranger", "publisher", "freshness") },
      { ...signed({ by: "stranger" }), roles: single("stranger", "second", "publisher") },
    ],
    index: signed({ by: "second" }),
    freshness: signed({ by: "publisher" }),
  }),
  "old-key": ({ made }) => ({ roots: [signed({ by: "old", date: new Date(made.getTime() + EXPIRED_SINCE - DAY) })] }),
  "expired-key": () => ({ freshness: signed({ by: "expired" }) }),
  "revoked-key": () => ({ freshness: signed({ by: "revoked" }) }),
  "future-key": () => ({ freshness: signed({ by: "future" }) }),
  "weak-key": () => ({ freshness: signed({ by: "weak" }) }),
  "weak-hash": () => ({ freshness: signed({ by: "rsa", hash: enums.hash.sha1 }) }),
  "wrong-key": () => ({ freshness: signed({ by: "stranger" }) }),
  "wrong-role": () => ({ freshness: signed({ by: "publisher" }) }),
  "future-signature": ({ now }) => ({ freshness: signed({ by: "freshness", date: new Date(now.getTime() + DAY) }) }),
  "expired-signature": ({ now }) => ({ freshness: signed({ by: "freshness", date: new Date(now.getTime() - DAY / 2), lifetime: 3600 }) }),
  "other-file": () => ({ freshness: signed({ by: "freshness", over: Buffer.from("another file\n") }) }),
  "one-signer": () => ({ index: signed({ by: "publisher" }) }),
  "duplicate-signer": () => ({ index: signed({ by: "publisher" }, { by: "publisher" }) }),
  "two-subkeys": () => ({ index: signed({ by: "publisher", subkey: 0 }, { by: "publisher", subkey: 1 }) }),
  "wrong-repository": () => ({ freshness: { fields: { repository: "another-repository" } } }),
  "wrong-type": () => ({ index: { fields: { type: "freshness" } } }),
  "wrong-architecture": ({ images }) => ({ index: { fields: { images: exchanged(images) } } }),
  equivocation: ({ now }) => ({ freshness: { fields: { expires: timeText(new Date(now.getTime() + 6 * DAY)) } } }),
  "fast-forward": () => ({ freshness: { version: 2_000_000_000 } }),
  "hidden-root": () => ({ freshness: { fields: { root: { version: 2 } } } }),
  "expired-root": ({ now }) => ({ roots: [{ fields: { expires: timeText(new Date(now.getTime() - DAY)) } }] }),
  "stolen-root": () => ({ roots: [{ ...signed({ by: "stranger" }), roles: single("stranger", "stranger", "stranger") }] }),
  "root-gap": () => ({ roots: [{ fields: { version: 3 } }] }),
  "endless-roots": () => ({ roots: Array.from({ length: 300 }, () => ({ roles: single("root", "root", "root") })), index: signed({ by: "root" }) }),
  "huge-key": () => ({ roots: [{ rewrite: (text) => text.replace(/(?<="armored": ")[^"]*/, "A".repeat(10_000_000)) }] }),
  "bomb-key": () => ({ roots: [{ rewrite: (text) => text.replace(/(?<="armored": ")[^"]*/, JSON.stringify(packetBomb("PUBLIC KEY BLOCK")).slice(1, -1)) }] }),
  "duplicate-fields": () => insertField('"pool": []'),
  "proto-field": () => insertField('"__proto__": {}'),
  "odd-names": () => ({ index: { rewrite: (text) => text.replace(/"repository": "[^"]*"/, '"repository": "attack\\u001b[2J\\u202elab"') } }),
  "path-escape": () => ({ index: { fields: { locks: [{ path: "../../../etc/passwd", sha256: digestOf(""), size: 0 }] } } }),
};

function exchanged(images: RepositoryIndex["images"]): Fields[] {
  return images
    .map((image) => ({ ...image, architecture: image.architecture === "amd64" ? ("arm64" as const) : ("amd64" as const) }))
    .sort((a, b) => (imageKey(a) < imageKey(b) ? -1 : 1));
}
