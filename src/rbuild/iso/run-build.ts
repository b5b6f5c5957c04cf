import { makeHook, runTarget, withStep } from "../../make-runner/index.ts";
import { RbuildError } from "../../system/index.ts";
import { type CreatedContainer, createContainer } from "../container-host/container.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import type { RbuildReport } from "../events.ts";
import { cutToBoundingSet, readBoundingSet } from "./container/bounding-set.ts";
import { type ContainerPlan, containerOptions } from "./container/build-container.ts";
import { containerStepRunner } from "./container/container-step-runner.ts";
import { withHook } from "./container/make-command.ts";
import { CONTAINER } from "./container/paths.ts";
import type { Probe } from "./container/probe.ts";
import type { BuildLog } from "./export/build-log.ts";

export interface BuildRun {
  /** Everything but the command, and capabilities that the host may lack. */
  readonly plan: Omit<ContainerPlan, "role" | "command">;
  readonly makefile: string;
  readonly target: string;
  readonly database: Probe["database"];
}

/** A container that was made, and what it was made from. */
export interface BuildContainer {
  readonly container: CreatedContainer;
  readonly plan: ContainerPlan;
}

/**
 * Runs the target in a container of its own. The container stays for the caller, whatever happens.
 * @param onContainer told of the container as soon as there is one
 * @throws RbuildError codes `make.*`, `container-host.*`, `iso.no-space`, or the signal's reason
 */
export async function runBuild(
  { plan, makefile, target, database }: BuildRun,
  { containerHost, report, log }: { readonly containerHost: ContainerHost; readonly report: RbuildReport; readonly log: BuildLog },
  { signal, onContainer }: { readonly signal: AbortSignal; readonly onContainer: (made: BuildContainer) => void },
): Promise<void> {
  const capabilities = await grantable(plan.capabilities, report);
  const hook = { path: CONTAINER.hook, ...makeHook(CONTAINER.hook) };
  const create = (args: readonly string[]) =>
    withStep(report, { name: "container.create" }, async () => {
      const full: ContainerPlan = { ...plan, capabilities, role: "build", command: withHook(hook.makefile, args) };
      const container = await createContainer(containerHost, containerOptions(full));
      onContainer({ container, plan: full });
      for (const message of container.warnings) report({ kind: "warning.raised", code: "container-host.warning", message });
      return container;
    });
  const runner = containerStepRunner(create);
  await runTarget({ target, makefile, hook, database }, { runner, report, writeLog: (data) => log.write(data) }, { signal });
}

async function grantable(wanted: ContainerPlan["capabilities"], report: RbuildReport): Promise<ContainerPlan["capabilities"]> {
  const { granted, missing } = cutToBoundingSet(wanted, await readBoundingSet());
  if (missing.length > 0) {
    report({
      kind: "warning.raised",
      code: "iso.capability-missing",
      message: `this host cannot give the build ${missing.join(", ")}: its own bounding set lacks ${missing.length === 1 ? "it" : "them"}`,
      hint: "rbuild doctor",
    });
  }
  return granted;
}

/** The error of a failed build with what a person needs next: the log, and the kept container. */
export function withTraces(error: RbuildError, traces: { readonly logPath?: string | undefined; readonly keptBuild?: string | undefined }): RbuildError {
  const { logPath, keptBuild } = traces;
  const hints = [
    ...(logPath === undefined ? [] : [`the complete log: ${logPath}`]),
    keptBuild === undefined ? error.hint : `look inside: rbuild shell ${keptBuild}`,
  ];
  const hint = hints.filter((each) => each !== undefined).join("; ");
  const { code, message, category } = error;
  return new RbuildError(code, message, { category, cause: error.cause, details: { ...error.details, ...traces }, ...(hint === "" ? {} : { hint }) });
}
