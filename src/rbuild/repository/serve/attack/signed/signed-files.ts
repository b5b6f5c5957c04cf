import { digestOf } from "../../../../../oci/index.ts";
import { writeCanonical } from "../../../../trust/format/canonical.ts";
import { timeText } from "../../../../trust/format/fields.ts";
import { repositoryPaths } from "../../../../trust/format/paths.ts";
import { joinSignatures } from "../../../../trust/openpgp/signature.ts";
import type { AttackLab } from "./attack-lab.ts";
import { DAY } from "./lab-keys.ts";
import { type Fields, keyOf, REPOSITORY, rootValue } from "./lab-root.ts";
import type { Plan, PlannedSignature } from "./plans.ts";
import { signAs } from "./sign-as.ts";

/** A repository's metadata by path. */
export type SignedFiles = ReadonlyMap<string, Uint8Array>;

/** @param content an index without version and times */
export async function makeSignedFiles(plan: Plan, lab: AttackLab, content: Fields, now: Date): Promise<SignedFiles> {
  const files = new Map<string, Uint8Array>([[repositoryPaths.root(1), lab.root]]);
  const put = async (path: string, bytes: Uint8Array, signatures: readonly PlannedSignature[]) => {
    const packets: Uint8Array[] = [];
    for (const { by, over, ...manner } of signatures) packets.push(await signAs(keyOf(lab.keys, by), over ?? bytes, { date: now, ...manner }));
    files.set(repositoryPaths.signature(path), Buffer.from(joinSignatures(packets)));
    files.set(path, bytes);
  };
  const common = (type: string, version: number): Fields => ({ type, formatVersion: 1, repository: REPOSITORY, version });
  const { roots = [], index = {}, freshness = {} } = plan;

  let before = lab.root;
  for (const [at, { roles, fields, rewrite, signatures }] of roots.entries()) {
    const version = at + 2;
    const issued = new Date(lab.made.getTime() - 20 * DAY);
    before = bytesOf({ ...rootValue(version, { keys: lab.keys, before, issued, ...(roles ? { roles } : {}) }), ...fields }, rewrite);
    await put(repositoryPaths.root(version), before, signatures ?? [{ by: "root" }]);
  }
  const times = { issued: timeText(now), expires: timeText(new Date(now.getTime() + 180 * DAY)) };
  const indexBytes = bytesOf({ ...content, ...common("index", lab.version), ...times, ...index.fields }, index.rewrite);
  const named = { version: lab.version, sha256: digestOf(indexBytes), size: indexBytes.byteLength };
  await put(repositoryPaths.index(named.version, named.sha256), indexBytes, index.signatures ?? [{ by: "publisher" }, { by: "second" }]);

  const version = freshness.version ?? lab.version;
  const life = { asOf: timeText(now), expires: timeText(new Date(now.getTime() + 7 * DAY)) };
  const fresh = { ...common("freshness", version), ...life, root: { version: 1 + roots.length }, index: named, ...freshness.fields };
  await put(repositoryPaths.freshness(version), bytesOf(fresh, freshness.rewrite), freshness.signatures ?? [{ by: "freshness" }]);
  files.set(repositoryPaths.current, writeCanonical({ type: "current", formatVersion: 1, freshness: { version } }));
  return files;
}

function bytesOf(value: Fields, rewrite?: (text: string) => string): Uint8Array {
  const bytes = writeCanonical(value);
  return rewrite ? Buffer.from(rewrite(Buffer.from(bytes).toString("utf8"))) : bytes;
}
