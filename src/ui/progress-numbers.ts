import { bytesPerSecond, estimateRemaining } from "./estimate.ts";
import { formatBytes, formatDuration } from "./format/index.ts";
import type { StepProgress } from "./view-state.ts";

/** `120 MB of 263 MB, 12 MB/s, 12.0s left`, as far as it can be said. */
export function progressNumbers(progress: StepProgress, now: number): string {
  const { done, total, unit } = progress;
  if (unit === "percent") return `${Math.floor(done)} %`;
  const show = unit === "bytes" ? formatBytes : String;
  const rate = bytesPerSecond(progress, now);
  const left = estimateRemaining(progress, now);
  return [
    total === undefined ? show(done) : `${show(done)} of ${show(total)}`,
    ...(rate === undefined ? [] : [`${formatBytes(rate)}/s`]),
    ...(left === undefined ? [] : [`${formatDuration(left)} left`]),
  ].join(", ");
}
