import { digestOf } from "../../../src/oci/index.ts";
import { followRoots, type TrustedRoot } from "../../../src/rbuild/trust/client/root-chain.ts";
import { repositoryPaths } from "../../../src/rbuild/trust/format/paths.ts";
import type { Verdict, VerdictSubject } from "../../../src/rbuild/trust/verdicts/statement.ts";
import { writeVerdict } from "../../../src/rbuild/trust/verdicts/statement.ts";
import { NOW, type TestKey, testKey } from "./test-keys.ts";
import { daysFromNow, TestRepository } from "./test-repository.ts";

export const IMAGE: VerdictSubject = {
  name: "builder",
  version: "12.15-3",
  architecture: "amd64",
  compatibilityVersion: 1,
  manifest: digestOf("manifest"),
  lock: digestOf("lock"),
};

/** What a rebuilder says, identical unless `more` says otherwise. */
export function verdictBy({ fingerprint }: Pick<TestKey, "fingerprint">, image: VerdictSubject = IMAGE, more: Partial<Verdict> = {}): Verdict {
  const { name, version, architecture, compatibilityVersion, manifest, lock } = image;
  const subject = { name, version, architecture, compatibilityVersion, manifest, lock };
  const found = more.verdict === "different" ? digestOf("another") : manifest;
  const said = {
    verdict: "identical" as const,
    found,
    rebuilder: fingerprint,
    revision: 1,
    issued: daysFromNow(-1),
    tool: { name: "rbuild", version: "1.0.0" },
  };
  return { ...subject, ...said, ...more };
}

/** Puts a verdict where clients look for it. */
export async function putVerdict(repository: TestRepository, verdict: Verdict, signers: readonly TestKey[], path?: string): Promise<string> {
  const place = path ?? repositoryPaths.verdict(verdict.manifest, verdict.rebuilder, verdict.revision);
  await repository.put(place, writeVerdict(verdict), signers);
  return place;
}

interface Roles {
  readonly publisher: TestKey;
  readonly rebuilders: readonly TestKey[];
  readonly threshold?: number;
  readonly fields?: Parameters<TestRepository["putRoot"]>[3];
}

/** A root that names rebuilders. */
export async function rootOf({ publisher, rebuilders, threshold = 1, fields = {} }: Roles): Promise<TrustedRoot> {
  const repository = new TestRepository();
  const owner = await testKey("owner");
  const single = (key: TestKey) => ({ keys: [key], threshold: 1 });
  const rebuilder = { keys: rebuilders, threshold };
  await repository.putRoot(1, { root: single(owner), publisher: single(publisher), freshness: single(owner), rebuilder }, [owner], fields);
  for await (const root of followRoots(undefined, repository, NOW)) {
    if (root.kind === "refused") throw new Error(root.message);
    return root;
  }
  throw new Error("there is no root");
}
