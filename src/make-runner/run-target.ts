import { RbuildError, redact, stripControl } from "../system/index.ts";
import type { MakeDatabase } from "./database.ts";
import type { LogEvent, Report, StepEvent } from "./events.ts";
import { parseFailureLine, parseNoRuleLine, type RecipeFailure } from "./failure-line.ts";
import { LineCutter } from "./lines.ts";
import { liveBuildStage } from "./live-build-stages.ts";
import { MarkFilter } from "./mark-filter.ts";
import type { StepExit, StepOutput, StepRunner } from "./step-runner.ts";
import { withStep } from "./steps.ts";
import { TargetSteps } from "./target-steps.ts";

/** Lines of log that an error carries. */
export const ERROR_LOG_LINES = 20;

export interface TargetRun {
  readonly target: string;
  /** The tree's makefile and the hook, as paths where the runner runs. */
  readonly makefile: string;
  readonly hook: { readonly path: string; readonly markPrefix: string };
  readonly database?: MakeDatabase;
}

export interface TargetRunDependencies {
  readonly runner: StepRunner;
  readonly report: Report<StepEvent | LogEvent>;
  /** Takes every byte that the build prints, in order of arrival. */
  readonly writeLog: (data: Uint8Array) => Promise<void>;
}

/**
 * Runs `make TARGET` and reports each target as a step while it runs, its output as lines.
 * @throws RbuildError `make.target-failed`, `make.no-rule`, `make.out-of-memory`, or the signal's reason
 */
export async function runTarget(run: TargetRun, dependencies: TargetRunDependencies, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  const { report, runner } = dependencies;
  await withStep(report, { name: "make.target", subject: run.target }, async (root) => {
    const steps = new TargetSteps(report, { id: root.id, target: run.target }, run.database);
    const watch = new OutputWatch(run.hook.markPrefix, steps, dependencies);
    try {
      await using running = await runner.start({ args: ["make", "-f", run.makefile, "-f", run.hook.path, run.target] }, options);
      for await (const output of running.output) await watch.take(output);
      await watch.end();
      const exit = await running.exit();
      options.signal?.throwIfAborted();
      if (exit.code !== 0) throw failure(run.target, exit, watch);
      steps.finish();
    } catch (error) {
      steps.fail(error, watch.failure?.target);
      throw error;
    }
  });
}

/** Turns what make prints into log bytes, log events and steps, and remembers why it failed. */
class OutputWatch {
  /** The first recipe that failed: the innermost one. */
  failure: RecipeFailure | undefined;
  missing: ReturnType<typeof parseNoRuleLine>;
  readonly lastLines: string[] = [];
  readonly #marks: MarkFilter;
  readonly #cutters = { stdout: new LineCutter(), stderr: new LineCutter() };
  readonly #steps: TargetSteps;
  readonly #dependencies: TargetRunDependencies;

  constructor(markPrefix: string, steps: TargetSteps, dependencies: TargetRunDependencies) {
    this.#marks = new MarkFilter(markPrefix);
    this.#steps = steps;
    this.#dependencies = dependencies;
  }

  async take({ stream, data }: StepOutput): Promise<void> {
    if (stream === "stderr") return await this.#write(stream, data);
    for (const piece of this.#marks.push(data)) {
      if (piece.kind === "output") await this.#write(stream, piece.data);
      else this.#steps.targetRuns(stripControl(piece.target));
    }
  }

  async end(): Promise<void> {
    for (const piece of this.#marks.end()) if (piece.kind === "output") await this.#write("stdout", piece.data);
    for (const stream of ["stdout", "stderr"] as const) for (const line of this.#cutters[stream].end()) this.#line(stream, line);
  }

  async #write(stream: StepOutput["stream"], data: Uint8Array): Promise<void> {
    for (const line of this.#cutters[stream].push(data)) this.#line(stream, line);
    await this.#dependencies.writeLog(data);
  }

  #line(stream: StepOutput["stream"], raw: string): void {
    // What a terminal would show of a line that is drawn over with carriage returns.
    const text = redact(stripControl(raw.slice(raw.lastIndexOf("\r") + 1)));
    const stage = liveBuildStage(text);
    if (stage !== undefined) this.#steps.stageBegins(stage);
    if (stream === "stderr") {
      this.failure ??= parseFailureLine(text);
      this.missing ??= parseNoRuleLine(text);
    }
    this.lastLines.push(text);
    if (this.lastLines.length > ERROR_LOG_LINES) this.lastLines.shift();
    this.#dependencies.report({ kind: "log.written", step: this.#steps.currentStep, stream, text });
  }
}

function failure(target: string, exit: StepExit, watch: OutputWatch): RbuildError {
  const details = { target, ...watch.failure, makeExitCode: exit.code, lastLines: [...watch.lastLines] };
  if (exit.kind === "out-of-memory") {
    return new RbuildError("make.out-of-memory", `the build of ${target} was ended because it used all the memory it may have`, {
      hint: "give it more with `memory:` in rbuild.yaml, or build without --ram",
      details,
    });
  }
  if (watch.missing && !watch.failure) {
    const { target: name, neededBy } = watch.missing;
    return new RbuildError("make.no-rule", `make has no rule for ${name}${neededBy ? `, which ${neededBy} needs` : ""}`, {
      category: "invalid",
      hint: `add a rule for ${name} to the Makefile, or commit the file if it should be there`,
      details: { ...details, missing: name, neededBy },
    });
  }
  const { target: failed = target, place, exitCode, signal } = watch.failure ?? { exitCode: exit.code };
  const how = signal === undefined ? `its recipe exited with ${exitCode ?? exit.code}` : `its recipe was ended: ${signal}`;
  return new RbuildError("make.target-failed", `make target ${failed} failed: ${how}${place ? ` (${place})` : ""}`, {
    hint: "rbuild iso --keep leaves what the build made for rbuild shell",
    details,
  });
}
