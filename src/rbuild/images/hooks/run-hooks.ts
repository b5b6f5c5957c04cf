import { withStep } from "../../../make-runner/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { LocatedDefinition } from "../../definition/read-definition.ts";
import { readOwnFile } from "../additions/additions.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { STEP_DIRECTORY } from "../normalise/engine-rules.ts";
import { type StepContainer, stepDirectory, textFile } from "../steps/step-container.ts";
import { explainStepFailure, quoteLines } from "../steps/step-failure.ts";

const HOOK = `${STEP_DIRECTORY}/hook`;

/**
 * Runs a definition's hooks one after the other, each as root in `/`, without network, with SOURCE_DATE_EPOCH set.
 * @throws RbuildError `image.hook-failed`, `image.file-missing`
 */
export async function runHooks(
  { definition, directory }: LocatedDefinition,
  container: StepContainer,
  sourceDateEpoch: number,
  workspace: BuildWorkspace,
): Promise<void> {
  const { report, parentStep } = workspace;
  for (const hook of definition.hooks ?? []) {
    const subject = `${definition.name} ${hook}`;
    await withStep(report, { name: "image.hook", subject, ...(parentStep === undefined ? {} : { parent: parentStep }) }, async (step) => {
      await container.put([stepDirectory(), textFile(HOOK, await readOwnFile(directory, hook), 0o755)]);
      await container.run({
        script: `export SOURCE_DATE_EPOCH=${sourceDateEpoch} DEBIAN_FRONTEND=noninteractive\nexec /${HOOK}\n`,
        purpose: `run the hook ${hook}`,
        step,
        failure: (exitCode, lines) => hookFailure(hook, definition.name, exitCode, lines),
      });
    });
  }
}

function hookFailure(hook: string, name: string, exitCode: number, lines: readonly string[]): RbuildError {
  const explained = explainStepFailure(`run the hook ${hook}`, exitCode, lines);
  if (explained.code !== "image.step-failed") return explained;
  const isUnstartable = (exitCode === 126 || exitCode === 127) && lines.some((line) => line.includes(`/${HOOK}: `));
  if (isUnstartable) {
    return new RbuildError(
      "image.hook-failed",
      `the hook ${hook} of ${name} cannot be started: the image does not have the program that its first line names${quoteLines(lines)}`,
      {
        category: "failed",
        hint: `correct the first line of ${hook}, such as #!/bin/sh; lines must not end with a carriage return`,
        details: { hook, exitCode, lines },
      },
    );
  }
  return new RbuildError("image.hook-failed", `the hook ${hook} of ${name} failed with exit code ${exitCode}${quoteLines(lines)}`, {
    category: "failed",
    hint: `correct ${hook}; it runs as root in /, without network, before anything is normalised`,
    details: { hook, exitCode, lines },
  });
}
