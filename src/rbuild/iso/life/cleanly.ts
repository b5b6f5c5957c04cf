import { withStep } from "../../../make-runner/index.ts";
import type { IsoDependencies } from "../iso.ts";
import { sweepBuilds } from "./sweep-builds.ts";

/**
 * Runs the work of one build and undoes what it gave to `cleanUp`, whatever happens. What dead builds have left goes first.
 * A failure to clean up is the error only when the work had none; it is warned of in any case.
 */
export async function cleanly<T>(dependencies: IsoDependencies, work: (cleanUp: AsyncDisposableStack) => Promise<T>): Promise<T> {
  for (const path of await sweepBuilds(dependencies)) {
    const message = `what a build that died has left in ${path} belongs to root`;
    dependencies.report({ kind: "warning.raised", code: "iso.not-cleaned-up", message, hint: `sudo rm -r ${path}` });
  }
  const cleanUp = new AsyncDisposableStack();
  let outcome: { readonly kind: "done"; readonly value: T } | { readonly kind: "failed"; readonly error: unknown };
  try {
    outcome = { kind: "done", value: await work(cleanUp) };
  } catch (error) {
    outcome = { kind: "failed", error };
  }
  try {
    await withStep(dependencies.report, { name: "clean-up" }, () => cleanUp.disposeAsync());
  } catch (error) {
    if (outcome.kind === "done") outcome = { kind: "failed", error };
    const message = error instanceof Error ? error.message : String(error);
    dependencies.report({ kind: "warning.raised", code: "iso.not-cleaned-up", message, hint: "the next rbuild command tries again" });
  }
  if (outcome.kind === "failed") throw outcome.error;
  return outcome.value;
}
