import type { StepId, StepName } from "../make-runner/index.ts";
import type { RbuildEvent } from "../rbuild/index.ts";
import { counted } from "../system/counted.ts";
import { cleanLine, formatBytes } from "./format/index.ts";

export interface StepProgress {
  readonly done: number;
  readonly total: number | undefined;
  readonly unit: "bytes" | "items" | "percent";
  /** The first report, from which the speed is measured. */
  readonly firstDone: number;
  readonly firstAt: number;
}

export type StepStatus =
  | { readonly kind: "running" }
  | { readonly kind: "finished"; readonly outcome: "done" | "cached" | "skipped"; readonly milliseconds: number }
  | { readonly kind: "failed"; readonly milliseconds: number; readonly code: string; readonly message: string };

export interface StepView {
  readonly id: StepId;
  readonly name: StepName;
  readonly subject: string | undefined;
  readonly parent: StepId | undefined;
  readonly startedAt: number;
  readonly status: StepStatus;
  readonly progress: StepProgress | undefined;
}

export interface LogLine {
  /** Counts from 1 over the whole command. */
  readonly number: number;
  readonly step: StepId;
  readonly text: string;
}

/** What happened and will not change any more, in the order it became final. */
export type HistoryItem =
  | { readonly kind: "steps"; readonly lines: readonly { readonly depth: number; readonly step: StepView }[] }
  | { readonly kind: "warning"; readonly code: string; readonly message: string; readonly hint: string | undefined }
  | { readonly kind: "note"; readonly text: string };

export interface ArtifactView {
  readonly path: string;
  readonly size: number;
  readonly digest: string;
}

/** Everything the live view draws. A value: `reduceView` makes the next one. */
export interface ViewState {
  /** Steps whose root still runs, in the order they started. */
  readonly steps: ReadonlyMap<StepId, StepView>;
  readonly history: readonly HistoryItem[];
  /** The last `LOG_TAIL` lines. */
  readonly log: readonly LogLine[];
  readonly logLines: number;
  readonly artifacts: readonly ArtifactView[];
  readonly warnings: number;
  readonly startedAt: number;
  readonly stopping: boolean;
}

/** Lines of the log that are kept for drawing. */
export const LOG_TAIL = 40;

export function initialViewState(startedAt: number): ViewState {
  return { steps: new Map(), history: [], log: [], logLines: 0, artifacts: [], warnings: 0, startedAt, stopping: false };
}

/** The state after `event`, which came at `now` (milliseconds, never going back). */
export function reduceView(state: ViewState, event: RbuildEvent, now: number): ViewState {
  switch (event.kind) {
    case "step.started":
      return withStep(state, {
        id: event.step,
        name: event.name,
        subject: event.subject === undefined ? undefined : cleanLine(event.subject),
        parent: event.parent,
        startedAt: now,
        status: { kind: "running" },
        progress: undefined,
      });
    case "step.progressed": {
      const step = state.steps.get(event.step);
      if (!step) return state;
      const { firstDone, firstAt } = step.progress ?? { firstDone: event.done, firstAt: now };
      return withStep(state, { ...step, progress: { done: event.done, total: event.total, unit: event.unit, firstDone, firstAt } });
    }
    case "step.finished":
      return ended(state, event.step, { kind: "finished", outcome: event.outcome, milliseconds: event.milliseconds });
    case "step.failed":
      return ended(state, event.step, { kind: "failed", milliseconds: event.milliseconds, code: event.code, message: cleanLine(event.message) });
    case "log.written": {
      const line = { number: state.logLines + 1, step: event.step, text: cleanLine(event.text) };
      return { ...state, logLines: line.number, log: [...state.log.slice(1 - LOG_TAIL), line] };
    }
    case "warning.raised": {
      const hint = event.hint === undefined ? undefined : cleanLine(event.hint);
      return recorded({ ...state, warnings: state.warnings + 1 }, { kind: "warning", code: event.code, message: cleanLine(event.message), hint });
    }
    case "image.accepted":
    case "image.fetched":
    case "image.built":
    case "image.pinned":
      return recorded(state, { kind: "note", text: imageNote({ ...event, digest: shortDigest(event.digest) }) });
    case "image.planned":
      return recorded(state, { kind: "note", text: planNote(event) });
    case "lock.written":
      return recorded(state, { kind: "note", text: lockNote({ ...event, digest: shortDigest(event.digest) }) });
    case "artifact.exported":
      return { ...state, artifacts: [...state.artifacts, { path: cleanLine(event.path), size: event.size, digest: event.digest }] };
    default:
      return event satisfies never;
  }
}

type ImageEvent = Extract<RbuildEvent, { kind: "image.accepted" | "image.fetched" | "image.built" | "image.pinned" }>;

const HOW = {
  present: "is the pinned one",
  fetched: "fetched, and is the pinned one",
  reproduced: "reproduced, and is the pinned one",
  override: "is not a pinned one; accepted by --allow-base-mismatch",
};

/** One sentence about an image, for people. */
export function imageNote(event: ImageEvent): string {
  switch (event.kind) {
    case "image.accepted":
      return cleanLine(`image ${event.name} ${HOW[event.how]} (${event.digest})`);
    case "image.fetched":
      return fetchNote(event);
    case "image.built":
      return cleanLine(`image ${event.name} ${event.version} built (${event.digest})`);
    case "image.pinned":
      return cleanLine(`image ${event.name} ${event.changed ? "pinned" : "was pinned already"} in ${event.path} (${event.digest})`);
    default:
      return event satisfies never;
  }
}

function fetchNote({ name, version, source, sources, how, bytes, discarded, size, digest }: Extract<RbuildEvent, { kind: "image.fetched" }>): string {
  const others = sources.length < 2 ? "" : ` and ${counted(sources.length - 1, "other mirror")}`;
  const dropped = discarded > 0 ? `, and ${formatBytes(discarded)} of no use` : "";
  const way = how === "delta" ? " as a delta" : "";
  return cleanLine(`image ${name} ${version} fetched from ${source}${others}${way}: ${formatBytes(bytes)} for ${formatBytes(size)}${dropped} (${digest})`);
}

const WAYS = { delta: "as deltas", full: "whole", packages: "built from changed packages" };

/** One sentence about the way that an image comes, for people. */
export function planNote({ name, version, way, predicted }: Extract<RbuildEvent, { kind: "image.planned" }>): string {
  const others = (["delta", "full", "packages"] as const).filter((each) => each !== way && predicted[each] !== undefined);
  const told = others.map((each) => `${WAYS[each]} ${formatBytes(predicted[each] ?? 0)}`);
  const size = predicted[way] === undefined ? "" : `: ${formatBytes(predicted[way])}`;
  return cleanLine(`image ${name} ${version} comes ${WAYS[way]}${size}${told.length === 0 ? "" : `; ${told.join(", ")}`}`);
}

/** One sentence about a lock, for people. */
export function lockNote({ name, path, digest, changed, changes }: Extract<RbuildEvent, { kind: "lock.written" }>): string {
  const how = changed ? `locked in ${path}, ${counted(changes, "package differs", "packages differ")}` : `is locked already in ${path}`;
  return cleanLine(`${name} ${how} (${digest})`);
}

/** As much of a digest as people compare. */
function shortDigest(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

function withStep(state: ViewState, step: StepView): ViewState {
  return { ...state, steps: new Map(state.steps).set(step.id, step) };
}

function recorded(state: ViewState, item: HistoryItem): ViewState {
  return { ...state, history: [...state.history, item] };
}

/** Ends a step. When it is a root, it and everything below it becomes history. */
function ended(state: ViewState, id: StepId, status: StepStatus): ViewState {
  const step = state.steps.get(id);
  if (!step) return state;
  const next = withStep(state, { ...step, status });
  if (step.parent !== undefined && state.steps.has(step.parent)) return next;
  const lines = descend(next.steps, id);
  const gone = new Set(lines.map((line) => line.step.id));
  const steps = new Map([...next.steps].filter(([key]) => !gone.has(key)));
  return recorded({ ...next, steps }, { kind: "steps", lines });
}

/** A step and what is below it, depth first, each level in the order of starting. */
export function descend(steps: ReadonlyMap<StepId, StepView>, root: StepId, depth = 0): { readonly depth: number; readonly step: StepView }[] {
  const step = steps.get(root);
  if (!step) return [];
  const children = [...steps.values()].filter((other) => other.parent === root && other.id !== root);
  return [{ depth, step }, ...children.flatMap((child) => descend(steps, child.id, depth + 1))];
}

/** Steps that are drawn at the top: their parent is unknown or gone. */
export function roots(steps: ReadonlyMap<StepId, StepView>): StepView[] {
  return [...steps.values()].filter((step) => step.parent === undefined || !steps.has(step.parent));
}
