import { isRbuildError, isSystemError } from "../system/index.ts";
import type { Report, StepEvent, StepId, StepName } from "./events.ts";

export interface StepSubject {
  readonly name: StepName;
  /** The image, make target or file it is about. */
  readonly subject?: string;
  readonly parent?: StepId;
}

/** A step that has begun; `finish` and `fail` after the first of them do nothing. */
export interface OpenStep {
  readonly id: StepId;
  progress(done: number, unit: "bytes" | "items" | "percent", total?: number): void;
  finish(outcome?: "done" | "cached" | "skipped"): void;
  fail(error: unknown): void;
}

let lastStep = 0;

/** Reports that a step has begun. Ids are unique within the process. */
export function openStep(report: Report<StepEvent>, { name, subject, parent }: StepSubject): OpenStep {
  const id = `step-${++lastStep}`;
  const began = performance.now();
  let isOpen = true;
  const end = (tell: (milliseconds: number) => void) => {
    if (!isOpen) return;
    isOpen = false;
    tell(Math.round(performance.now() - began));
  };
  report({ kind: "step.started", step: id, name, ...(parent === undefined ? {} : { parent }), ...(subject === undefined ? {} : { subject }) });
  return {
    id,
    progress: (done, unit, total) => {
      if (isOpen) report({ kind: "step.progressed", step: id, done, unit, ...(total === undefined ? {} : { total }) });
    },
    finish: (outcome = "done") => end((milliseconds) => report({ kind: "step.finished", step: id, outcome, milliseconds })),
    fail: (error) => end((milliseconds) => report({ kind: "step.failed", step: id, milliseconds, code: codeOf(error), message: messageOf(error) })),
  };
}

/** Runs the work inside a step that ends as the work does. */
export async function withStep<T>(report: Report<StepEvent>, subject: StepSubject, work: (step: OpenStep) => Promise<T>): Promise<T> {
  const step = openStep(report, subject);
  try {
    const result = await work(step);
    step.finish();
    return result;
  } catch (error) {
    step.fail(error);
    throw error;
  }
}

function codeOf(error: unknown): string {
  if (isRbuildError(error)) return error.code;
  if (error instanceof Error && error.name === "AbortError") return "cancelled";
  return isSystemError(error) && error.syscall !== undefined ? `system.${error.code?.toLowerCase()}` : "internal";
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
