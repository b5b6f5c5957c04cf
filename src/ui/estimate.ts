import type { StepProgress } from "./view-state.ts";

/** Before this share is done or this time has gone, a guess would jump about. */
const MIN_SHARE = 0.03;
const MIN_ELAPSED = 1500;

/** Milliseconds that are left if the rest goes as the part since the first report did; undefined when nothing sensible can be said. */
export function estimateRemaining(progress: StepProgress, now: number): number | undefined {
  if (progress.total === undefined || progress.total <= 0 || progress.done >= progress.total) return undefined;
  const moved = progress.done - progress.firstDone;
  const elapsed = now - progress.firstAt;
  if (moved <= 0 || elapsed < MIN_ELAPSED || moved / progress.total < MIN_SHARE) return undefined;
  return (elapsed / moved) * (progress.total - progress.done);
}

/** Since the first report; undefined when it is too early to say, for what are no bytes, and at the end. */
export function bytesPerSecond({ unit, done, total, firstDone, firstAt }: StepProgress, now: number): number | undefined {
  const [moved, elapsed] = [done - firstDone, now - firstAt];
  if (unit !== "bytes" || moved <= 0 || elapsed < MIN_ELAPSED || done === total) return undefined;
  return (moved * 1000) / elapsed;
}

/** Done so far between 0 and 1, when the whole is known. */
export function share(progress: StepProgress): number | undefined {
  if (progress.unit === "percent") return clamp(progress.done / (progress.total ?? 100));
  return progress.total === undefined || progress.total <= 0 ? undefined : clamp(progress.done / progress.total);
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
