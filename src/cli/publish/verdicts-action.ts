import { bringVerdicts, type VerdictOutcome } from "../../rbuild/repository/publish/bring-verdicts.ts";
import { RbuildError, systemClock } from "../../system/index.ts";
import { EXIT } from "../exit-code.ts";
import type { CommandResult, Session } from "../session.ts";
import { readRoots } from "./read-roots.ts";

/** `rbuild image publish DIR --verdicts FROM`: nothing else is published. */
export async function publishVerdicts(
  directory: string,
  names: readonly string[],
  { verdicts: from, keys }: { readonly verdicts: string; readonly keys: string },
  { reporter, signal }: Session,
): Promise<CommandResult> {
  if (names.length > 0)
    throw new RbuildError("cli.invalid-value", "--verdicts brings verdicts alone, on whatever is published: name no image with it", { category: "invalid" });
  const outcome = await bringVerdicts({ directory, from, signal }, { roots: await readRoots(keys), report: reporter.report, clock: systemClock });
  const isRefused = outcome.verdicts.some(({ state }) => state === "refused");
  return { data: outcome, lines: outcome.verdicts.map(line), exitCode: isRefused ? EXIT.trustRefused : EXIT.done };
}

function line(outcome: VerdictOutcome): string {
  if (outcome.state === "refused") return `refused  ${outcome.message} [${outcome.code}]`;
  const { state, name, version, architecture, rebuilder, verdict } = outcome;
  return `${state.padEnd(8)} ${name} ${version} ${architecture}: ${verdict === "identical" ? "identical" : "DIFFERENT"}, says ${rebuilder}`;
}
