import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "../../../system/index.ts";
import { tryLockAs } from "../../lock-with-holder.ts";
import type { PublishDependencies } from "./publication.ts";
import { publisherMemoryPath } from "./publisher-memory.ts";

/**
 * Keeps a repository's numbers for one publication, whatever directory it works in: two at once from different copies would give one number
 * to two contents. Waits for the one that has them, and says which that is. Where nothing can be remembered, it is said and the publication goes on.
 */
export async function holdNumbers(
  directory: string,
  { roots, stateDirectory, clock, report }: Pick<PublishDependencies, "roots" | "stateDirectory" | "clock" | "report">,
  signal?: AbortSignal,
): Promise<AsyncDisposable> {
  const [first] = roots;
  if (!first) throw new TypeError("a checkout has a root");
  const path = publisherMemoryPath(stateDirectory, first.digest).replace(/\.json$/, "");
  let told: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const result = await tryLockAs(path, directory, clock).catch((error: unknown) => notHeld(error, path, report));
    if (result.kind === "held") return result.held;
    const { holder } = result;
    const who = holder ? `process ${holder.pid} publishes to ${holder.what} since ${holder.since}` : "another process publishes from here";
    if (who !== told) report({ kind: "warning.raised", code: "repository.waiting", message: `${who}, with the same numbers; waiting for it` });
    told = who;
    await sleep(50);
  }
}

const CANNOT_WRITE = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR", "EEXIST"] as const;

function notHeld(error: unknown, path: string, report: PublishDependencies["report"]) {
  if (!isSystemError(error, ...CANNOT_WRITE)) throw error;
  report({
    kind: "warning.raised",
    code: "repository.not-remembered",
    message: `${path}.lock, which keeps two publications from one number, could not be had: ${String(error)}`,
    hint: "make the state directory writable",
  });
  return { kind: "held" as const, held: { async [Symbol.asyncDispose]() {} } };
}
