import { type Digest, shortDigest } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";

export function notFound(digest: Digest): RbuildError {
  return new RbuildError("content.not-found", `the blob ${digest} is not in the store`, {
    category: "not-found",
    hint: "rbuild engine fsck",
    details: { digest },
  });
}

export function corrupt(digest: Digest, why: string): RbuildError {
  return new RbuildError("content.corrupt", `the blob ${shortDigest(digest)} in the store is damaged: ${why}`, {
    category: "untrusted",
    hint: "rbuild engine fsck",
    details: { digest },
  });
}

export function digestMismatch(expected: Digest, actual: Digest): RbuildError {
  return new RbuildError("content.digest-mismatch", `the bytes received have the digest ${actual}; ${expected} was wanted`, {
    category: "untrusted",
    hint: "get them again, from another place if it happens again",
    details: { expected, actual },
  });
}

export function sizeMismatch(expected: number, actual: number): RbuildError {
  const how = actual > expected ? "more than" : `only ${actual} of`;
  return new RbuildError("content.size-mismatch", `${how} the ${expected} bytes that were announced came`, {
    category: "untrusted",
    hint: "get them again, from another place if it happens again",
    details: { expected, actual },
  });
}

export function tooLarge(digest: Digest | undefined, size: number, limit: number): RbuildError {
  return new RbuildError(
    "content.too-large",
    `${digest ? `the blob ${shortDigest(digest)}` : "a blob"} has ${size} bytes or more; at most ${limit} are taken`,
    {
      category: "invalid",
      details: { ...(digest ? { digest } : {}), size, limit },
    },
  );
}

export function noSpace(root: string, cause: unknown): RbuildError {
  return new RbuildError("content.no-space", `there is no space left for the store ${root}`, {
    category: "unavailable",
    hint: "rbuild engine gc",
    cause,
    details: { root },
  });
}
