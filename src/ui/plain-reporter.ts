import type { StepEvent, StepId } from "../make-runner/index.ts";
import { cleanLine, formatBytes, formatDuration } from "./format/index.ts";
import { progressNumbers } from "./progress-numbers.ts";
import type { Reporter, Sink, Ticks } from "./reporter.ts";
import { stepText } from "./step-texts.ts";
import { imageNote, lockNote, planNote } from "./view-state.ts";

/** A step says how far it is at most this often. */
const PROGRESS_INTERVAL = 10_000;

/** One line per event, each with the seconds since the start: for logs, pipes and terminals that cannot move the cursor. */
export function createPlainReporter(sink: Sink, ticks: Ticks): Reporter {
  const startedAt = ticks();
  const steps = new Map<StepId, { readonly text: string; lastProgress: number; first?: { readonly done: number; readonly at: number } }>();
  const line = (text: string): void => {
    sink.write(`[${((ticks() - startedAt) / 1000).toFixed(1).padStart(7)}s] ${text}\n`);
  };
  const textOf = (id: StepId) => steps.get(id)?.text ?? id;

  function progress(event: Extract<StepEvent, { kind: "step.progressed" }>): void {
    const step = steps.get(event.step);
    const now = ticks();
    if (!step) return;
    step.first ??= { done: event.done, at: now };
    if (now - step.lastProgress < PROGRESS_INTERVAL) return;
    step.lastProgress = now;
    const { done, total, unit } = event;
    line(`${step.text}: ${progressNumbers({ done, total, unit, firstDone: step.first.done, firstAt: step.first.at }, now)}`);
  }

  return {
    report(event) {
      switch (event.kind) {
        case "step.started":
          steps.set(event.step, { text: cleanLine(stepText(event.name, event.subject)), lastProgress: ticks() });
          return line(`${textOf(event.step)} ...`);
        case "step.progressed":
          return progress(event);
        case "step.finished":
          line(`${textOf(event.step)}: ${event.outcome} in ${formatDuration(event.milliseconds)}`);
          steps.delete(event.step);
          return;
        case "step.failed":
          line(`${textOf(event.step)}: failed after ${formatDuration(event.milliseconds)}: ${cleanLine(event.message)} [${event.code}]`);
          steps.delete(event.step);
          return;
        case "log.written":
          return line(`| ${cleanLine(event.text)}`);
        case "warning.raised":
          line(`warning: ${cleanLine(event.message)} [${event.code}]`);
          if (event.hint !== undefined) line(`         to mend it: ${cleanLine(event.hint)}`);
          return;
        case "image.accepted":
        case "image.fetched":
        case "image.built":
        case "image.pinned":
          return line(imageNote(event));
        case "image.planned":
          return line(planNote(event));
        case "lock.written":
          return line(lockNote(event));
        case "artifact.exported":
          return line(`exported ${cleanLine(event.path)} (${formatBytes(event.size)}, ${event.digest})`);
        default:
          return event satisfies never;
      }
    },
    stopping: () => line("stopping; everything is being cleaned up (interrupt once more to stop at once)"),
    async close() {},
  };
}
