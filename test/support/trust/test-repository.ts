import { digestOf } from "../../../src/oci/index.ts";
import { type MetadataValue, writeCanonical } from "../../../src/rbuild/trust/format/canonical.ts";
import { timeText } from "../../../src/rbuild/trust/format/fields.ts";
import { repositoryPaths } from "../../../src/rbuild/trust/format/paths.ts";
import { ROLES } from "../../../src/rbuild/trust/format/root.ts";
import type { MetadataSource, Role } from "../../../src/rbuild/trust/index.ts";
import { joinSignatures } from "../../../src/rbuild/trust/openpgp/signature.ts";
import { NOW, type TestKey } from "./test-keys.ts";

const DAY = 86_400_000;
export const daysFromNow = (days: number): string => timeText(new Date(NOW.getTime() + days * DAY));

type Fields = { readonly [key: string]: MetadataValue };

/** A repository's files in memory; whatever is wanted can be wrong with them. */
export class TestRepository implements MetadataSource {
  readonly name = "the test repository";
  readonly files = new Map<string, Uint8Array>();

  async read(path: string, maxBytes: number) {
    const bytes = this.files.get(path);
    if (!bytes) return { kind: "absent" as const };
    return bytes.byteLength > maxBytes ? { kind: "too-large" as const } : { kind: "bytes" as const, bytes };
  }

  clone(): TestRepository {
    const copy = new TestRepository();
    for (const [path, bytes] of this.files) copy.files.set(path, bytes);
    return copy;
  }

  async put(path: string, value: MetadataValue | Uint8Array, signers: readonly TestKey[], made?: Date): Promise<Uint8Array> {
    const bytes = value instanceof Uint8Array ? value : writeCanonical(value);
    this.files.set(path, bytes);
    const packets = await Promise.all(signers.map((signer) => signer.sign(bytes, made ? { date: made } : {})));
    if (packets.length > 0) this.files.set(repositoryPaths.signature(path), Buffer.from(joinSignatures(packets)));
    return bytes;
  }

  async putRoot(
    version: number,
    roles: Readonly<Partial<Record<Role, RoleKeys>>>,
    signers: readonly TestKey[],
    fields: Fields = {},
    made?: Date,
  ): Promise<Uint8Array> {
    const before = this.files.get(repositoryPaths.root(version - 1));
    return this.put(repositoryPaths.root(version), rootValue(version, roles, before, fields), signers, made);
  }

  /** Index, freshness and the pointer to it. */
  async putState(options: StateOptions): Promise<void> {
    const { index = 1, freshness = index, publishers, freshnessKeys } = options;
    const value = indexValue(index, options.indexFields);
    const bytes = writeCanonical(value);
    await this.put(repositoryPaths.index(index, digestOf(bytes)), value, publishers, options.made);
    await this.putFreshness(
      freshness,
      { version: index, sha256: digestOf(bytes), size: bytes.byteLength },
      freshnessKeys,
      options.freshnessFields,
      options.made,
    );
  }

  async putFreshness(version: number, index: Fields, keys: readonly TestKey[], fields: Fields = {}, made?: Date): Promise<void> {
    const value = {
      type: "freshness",
      formatVersion: 1,
      repository: "test-images",
      version,
      asOf: daysFromNow(0),
      expires: daysFromNow(7),
      root: { version: 1 },
      index,
      ...fields,
    };
    await this.put(repositoryPaths.freshness(version), value, keys, made);
    this.files.set(repositoryPaths.current, writeCanonical({ type: "current", formatVersion: 1, freshness: { version } }));
  }
}

export interface RoleKeys {
  readonly keys: readonly Pick<TestKey, "fingerprint" | "armored">[];
  readonly threshold: number;
}

interface StateOptions {
  readonly index?: number;
  readonly freshness?: number;
  readonly publishers: readonly TestKey[];
  readonly freshnessKeys: readonly TestKey[];
  readonly indexFields?: Fields;
  readonly freshnessFields?: Fields;
  readonly made?: Date;
}

export function rootValue(version: number, roles: Readonly<Partial<Record<Role, RoleKeys>>>, before?: Uint8Array, fields: Fields = {}): Fields {
  const all = new Map(Object.values(roles).flatMap(({ keys }) => keys.map((key) => [key.fingerprint, key.armored] as const)));
  return {
    type: "root",
    formatVersion: 1,
    repository: "test-images",
    version,
    issued: daysFromNow(-30),
    expires: daysFromNow(300),
    floors: { index: 1, freshness: 1 },
    certificates: [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([fingerprint, armored]) => ({ fingerprint, armored })),
    roles: Object.fromEntries(
      ROLES.map((role) => [role, { keys: (roles[role]?.keys ?? []).map(({ fingerprint }) => fingerprint).sort(), threshold: roles[role]?.threshold ?? 1 }]),
    ),
    revoked: [],
    ...(before ? { previous: digestOf(before) } : {}),
    ...fields,
  };
}

export function indexValue(version: number, fields: Fields = {}): Fields {
  return {
    type: "index",
    formatVersion: 1,
    repository: "test-images",
    version,
    issued: daysFromNow(0),
    expires: daysFromNow(180),
    images: [],
    blobs: [],
    deltas: [],
    locks: [],
    pool: [],
    ...fields,
  };
}
