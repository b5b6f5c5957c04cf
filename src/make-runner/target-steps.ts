import type { MakeDatabase } from "./database.ts";
import type { Report, StepEvent, StepId } from "./events.ts";
import { type OpenStep, openStep } from "./steps.ts";

/**
 * The steps of one run of make: a step per target whose recipe runs, and inside it a step per stage that a tool announces.
 * A target's step ends when another target's begins; where jobs run in parallel, when one that needs it begins.
 */
export class TargetSteps {
  readonly #report: Report<StepEvent>;
  readonly #root: { readonly id: StepId; readonly target: string };
  readonly #database: MakeDatabase | undefined;
  readonly #open = new Map<string, OpenStep>();
  #current: string | undefined;
  #stage: OpenStep | undefined;

  /** @param root the step of the whole run: it is that of the target asked for, too */
  constructor(report: Report<StepEvent>, root: { readonly id: StepId; readonly target: string }, database?: MakeDatabase) {
    this.#report = report;
    this.#root = root;
    this.#database = database;
  }

  /** The step that output belongs to now. */
  get currentStep(): StepId {
    return this.#stage?.id ?? (this.#current === undefined ? undefined : this.#open.get(this.#current)?.id) ?? this.#root.id;
  }

  /** The target whose recipe began last. */
  get currentTarget(): string | undefined {
    return this.#current;
  }

  /** A line of the target's recipe begins. */
  targetRuns(target: string): void {
    if (this.#current === target) return;
    this.#endStage();
    for (const [name, step] of this.#open) {
      if (name === target || (this.#database?.isParallel && !this.#needs(target, name))) continue;
      step.finish();
      this.#open.delete(name);
    }
    this.#current = target;
    if (target === this.#root.target || this.#open.has(target)) return;
    this.#open.set(target, openStep(this.#report, { name: "make.target", subject: target, parent: this.#root.id }));
  }

  /** A tool inside the current target says that it begins something. */
  stageBegins(stage: string): void {
    this.#endStage();
    this.#stage = openStep(this.#report, { name: "make.target", subject: stage, parent: this.currentStep });
  }

  finish(): void {
    this.#endStage();
    for (const step of this.#open.values()) step.finish();
    this.#open.clear();
  }

  /** Fails the named target's step, or the last one that began; the others were ended with it. */
  fail(error: unknown, target?: string): void {
    const failed = target !== undefined && this.#open.has(target) ? target : this.#current;
    if (failed === this.#current) this.#stage?.fail(error);
    this.#endStage();
    for (const [name, step] of this.#open) {
      if (name === failed) step.fail(error);
      else step.finish();
    }
    this.#open.clear();
  }

  #endStage(): void {
    this.#stage?.finish();
    this.#stage = undefined;
  }

  #needs(target: string, other: string): boolean {
    const seen = new Set<string>();
    const pending = [target];
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === other) return true;
      if (seen.has(name)) continue;
      seen.add(name);
      pending.push(...(this.#database?.prerequisites.get(name) ?? []));
    }
    return false;
  }
}
