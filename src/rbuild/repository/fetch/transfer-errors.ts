import { counted } from "../../../system/counted.ts";
import { RbuildError } from "../../../system/index.ts";
import type { Suspicion } from "../../pool/download.ts";
import type { ItemFailure } from "../../pool/fill-pool.ts";

const CODES = {
  "captive-portal": "trust.captive-portal",
  redirect: "trust.redirect",
  "slow-retrieval": "trust.slow-retrieval",
  "short-file": "trust.short-file",
  "malformed-answer": "trust.malformed-answer",
  "endless-data": "trust.endless-data",
  "wrong-bytes": "trust.wrong-bytes",
  "wrong-certificate": "trust.wrong-certificate",
} as const satisfies Readonly<Record<Suspicion, string>>;

const HINTS: Readonly<Record<Suspicion, string>> = {
  "captive-portal": "log in to the network, or name the repository's own address with --from",
  redirect: "name the address that it leads to with --from, if that is whom you mean",
  "slow-retrieval": "name another mirror with --from",
  "short-file": "try again, or name another mirror with --from",
  "malformed-answer": "name another mirror with --from",
  "endless-data": "name another mirror with --from",
  "wrong-bytes": "name another mirror with --from",
  "wrong-certificate":
    "see that the address and this machine's clock are right; an authority of your own is made known by update-ca-certificates, or by NODE_EXTRA_CA_CERTS=FILE",
};

/** A server's answer that looks like an attack. Exit code 5. */
export function suspicious(suspicion: Suspicion, message: string, details: Readonly<Record<string, unknown>> = {}): RbuildError {
  return new RbuildError(suspicionCode(suspicion), message, { category: "untrusted", hint: HINTS[suspicion], details });
}

export const suspicionCode = (suspicion: Suspicion): string => CODES[suspicion];

export function unreachable(name: string, why: string, cause?: unknown): RbuildError {
  return new RbuildError("repository.unreachable", `${name} cannot be asked: ${why}`, {
    category: "unavailable",
    hint: "see that the address is right and the network works, or name another place with --from",
    cause,
    details: { source: name },
  });
}

/** Files of an index that no place has as the index names them. */
export function filesNotObtainable(failed: readonly ItemFailure[]): RbuildError {
  const failures = failed.flatMap(({ item, failures }) => failures.map((failure) => ({ path: item.path, ...failure })));
  const reasons = failures.slice(0, 6).map(({ source, path, reason }) => `\n  ${source}: ${path}: ${reason}`);
  const others = failed.length === 1 ? "" : ` and ${counted(failed.length - 1, "other file")}`;
  const message = `${failed[0]?.item.path ?? "a file"}${others} cannot be had:${reasons.join("")}`;
  const details = { items: failed.map(({ item: { path, sha256, size }, failures }) => ({ path, sha256, size, sources: failures })) };
  const suspect = failures.find(({ suspicion }) => suspicion !== undefined)?.suspicion;
  if (suspect) return suspicious(suspect, message, details);
  return new RbuildError("repository.files-missing", message, { category: "unavailable", hint: "name another mirror with --from", details });
}

/** A bundle that has neither the blob nor what makes it from what is here. */
export function noWay(digest: string): RbuildError {
  return new RbuildError("repository.files-missing", `the bundle has nothing that gives ${digest}: it was made for a machine that has an earlier version`, {
    category: "unavailable",
    hint: "write the bundle again with all of the image, or name a repository with --from",
    details: { digest },
  });
}
