import { digestOf } from "../../src/oci/index.ts";
import type { CapsuleManifest } from "../../src/rbuild/capsule/capsule-manifest.ts";

/** A capsule of a small tree, with these members. */
export function capsuleManifest(members: CapsuleManifest["members"]): CapsuleManifest {
  const digest = digestOf("x");
  const commit = "a".repeat(40);
  return {
    kind: "org.rbuild.capsule",
    schema: 1,
    architecture: "amd64",
    tools: { rbuild: "0.1.0", node: "26.10.0", compatibilityVersion: 1 },
    tree: {
      commit,
      ref: "refs/heads/main",
      tag: null,
      baseBranch: null,
      sourceDateEpoch: 1,
      refs: { "refs/heads/main": commit },
      directory: ".",
      target: "iso",
    },
    images: [{ name: "base", version: "1", lock: digest, digest, imageId: digest }],
    members: members.map(({ path, mode, size, sha256 }) => ({ path, mode, size, sha256 })),
  };
}
