import { descend, roots, type StepView, type ViewState } from "../view-state.ts";

export interface VisibleSteps {
  readonly lines: readonly { readonly depth: number; readonly step: StepView }[];
  /** Lines that found no room. */
  readonly hidden: number;
}

/** The running trees in at most `limit` lines: what has ended is left out first, then what started last. */
export function visibleSteps(state: ViewState, limit: number): VisibleSteps {
  const all = roots(state.steps).flatMap((root) => descend(state.steps, root.id));
  const tooMany = () => cost(lines) > limit;
  let lines = all;
  if (tooMany()) lines = all.filter((line) => line.step.status.kind === "running" || line.depth === 0);
  while (lines.length > 1 && tooMany()) lines = lines.slice(0, -1);
  return { lines, hidden: all.length - lines.length };
}

/** A running step with progress takes two lines. */
function cost(lines: readonly { readonly step: StepView }[]): number {
  return lines.reduce((sum, { step }) => sum + (showsProgress(step) ? 2 : 1), 0);
}

export function showsProgress(step: StepView): boolean {
  return step.status.kind === "running" && step.progress !== undefined;
}
